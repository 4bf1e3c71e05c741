// A page without a live region shows what a verb did by loading again.
document.addEventListener("acted", () => location.reload());
