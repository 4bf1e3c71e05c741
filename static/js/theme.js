// Runs before the page is painted: the chosen theme, or the system's when none was chosen.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
})();
