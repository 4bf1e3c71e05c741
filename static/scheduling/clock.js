// Times on the plant's clock. Formatting by Intl is slow, so the zone's offset is asked once an hour of the calendar.

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export function plantClock(zone, language) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  });
  const weekday = new Intl.DateTimeFormat(language, { timeZone: zone, weekday: "short" });
  const offsets = new Map();

  const offset = (ms) => {
    const hour = Math.floor(ms / HOUR);
    if (!offsets.has(hour)) offsets.set(hour, measured(hour * HOUR));
    return offsets.get(hour);
  };
  const measured = (ms) => {
    const read = Object.fromEntries(parts.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(read.year, read.month - 1, read.day, read.hour, read.minute) - ms;
  };
  const two = (number) => String(number).padStart(2, "0");
  const local = (ms) => new Date(ms + offset(ms));

  const clock = (ms) => `${two(local(ms).getUTCHours())}:${two(local(ms).getUTCMinutes())}`;
  const day = (ms) => `${weekday.format(ms)} ${two(local(ms).getUTCDate())}.${two(local(ms).getUTCMonth() + 1)}.`;

  /** The moments at which the plant's clock shows a whole multiple of `step`, from `from` to `to`. */
  const marks = function* (from, to, step) {
    for (let wall = Math.ceil((from + offset(from)) / step) * step; ; wall += step) {
      const guess = wall - offset(from);
      const moment = wall - offset(guess);
      if (moment > to) return;
      yield { moment, midnight: wall % DAY === 0 };
    }
  };
  return { clock, day, marks, moment: (ms) => `${day(ms)} ${clock(ms)}` };
}

/** Hours as people read them: 0.4 h, with a true minus sign. */
export const hours = (number, digits = 1) => `${number.toFixed(digits)} h`.replace("-", "−");

/** A difference with its sign; nothing changed is ±0. */
export const signed = (number, digits = 0) => {
  const text = Math.abs(number).toFixed(digits);
  if (Number(text) === 0) return "±0";
  return (number > 0 ? "+" : "−") + text;
};
