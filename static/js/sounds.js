// Four sounds, nothing else: ok short and high, stop long low two-tone, check two middle tones, wait one soft.
// Neighbouring stations differ in pitch, so that people know whose it is. A browser makes no sound before a first touch.

const SOUNDS = {
  ok: { wave: "sine", loud: 0.5, tones: [[1320, 0, 0.13]] },
  wait: { wave: "sine", loud: 0.22, tones: [[784, 0, 0.09]] },
  check: { wave: "triangle", loud: 0.6, tones: [[587, 0, 0.14], [587, 0.2, 0.14]] },
  stop: { wave: "sawtooth", loud: 0.9, tones: [[233, 0, 0.34], [165, 0.34, 0.5]] },
};
const SEMITONES = [0, 3, -3, 5, -5, 7];
export const PITCHES = SEMITONES.map((steps) => 2 ** (steps / 12));

const OPEN_AFTER_MS = 300;

let context = null;
let pitch = 1;

/** `place` is the station's number; `unlocked` is called once the browser allows sound. */
export function prepare(place, unlocked) {
  pitch = PITCHES[place % PITCHES.length];
  const open = async () => {
    context ??= new AudioContext();
    await context.resume();
    if (context.state === "running") unlocked();
  };
  // Opening the sound takes a while; the first key may be the first of a scan, which must not wait.
  const unlock = () => {
    for (const kind of ["keydown", "pointerdown"]) document.removeEventListener(kind, unlock, true);
    setTimeout(open, OPEN_AFTER_MS);
  };
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, unlock, true);
}

/** All four one after another, so that who logs in knows the speaker is on and loud enough. */
export function playAll() {
  ["ok", "wait", "check", "stop"].forEach((name, at) => setTimeout(() => play(name), at * 700));
}

export function play(name) {
  if (name === "test") return playAll();
  if (!SOUNDS[name] || context?.state !== "running") return;
  draw(context, name, pitch);
  if (name === "stop") navigator.vibrate?.([300, 80, 300]);
}

/** Puts one sound into an audio context, from its present moment on. */
export function draw(context, name, pitch) {
  const sound = SOUNDS[name];
  for (const [frequency, after, seconds] of sound.tones) {
    tone(context, sound, frequency * pitch, context.currentTime + after, seconds);
  }
}

function tone(context, { wave, loud }, frequency, from, seconds) {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.type = wave;
  oscillator.frequency.value = frequency;
  // Ramps at both ends: a tone cut hard clicks.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(loud, from + 0.008);
  volume.gain.setValueAtTime(loud, from + seconds - 0.03);
  volume.gain.linearRampToValueAtTime(0, from + seconds);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + seconds);
}
