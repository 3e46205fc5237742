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

/* Show on the gallery's first page the examples that fit what is chosen; the address keeps it. */
(() => {
  const choose = (form) => {
    const cards = [...document.querySelectorAll(".sphx-glr-thumbcontainer")];
    const chapters = [...document.querySelectorAll(".bd-article section section")];
    const choices = [...form.querySelectorAll("select")];
    const show = () => {
      const wanted = choices.filter((choice) => choice.value);
      for (const card of cards)
        card.hidden = !wanted.every(({ name, value }) => (card.dataset[name] ?? "").split("|").includes(value));
      for (const chapter of chapters)
        chapter.hidden = !chapter.querySelector(".sphx-glr-thumbcontainer:not([hidden])");
      const left = cards.filter((card) => !card.hidden).length;
      form.querySelector("output").value = left
        ? `${left} of ${cards.length} examples`
        : "No example has all of these.";
    };
    const asked = new URLSearchParams(location.search);
    for (const choice of choices) {
      choice.value = asked.get(choice.name) ?? "";
      if (choice.selectedIndex < 0) choice.value = "";
    }
    form.addEventListener("change", () => {
      show();
      const said = new URLSearchParams(choices.filter((choice) => choice.value).map((choice) => [choice.name, choice.value]));
      if (location.protocol === "file:") return; // there an address cannot be changed
      history.replaceState(null, "", said.size ? `?${said}` : location.pathname);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => form.dispatchEvent(new Event("change"))));
    form.hidden = false;
    show();
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".dlguide-finder").forEach(choose));
})();
