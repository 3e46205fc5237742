/* Let the keyboard scroll a formula that is wider than the page. */
(() => {
  const reach = () => {
    for (const formula of document.querySelectorAll(".math-display")) {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    reach();
    document.fonts.ready.then(reach);
  });
  window.addEventListener("resize", reach);
})();
