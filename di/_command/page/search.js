"use strict";
/* Search: types by name or module, routes by path; arrow keys and Enter work in the list. */

class Search {
  constructor(model, onFound) {
    this.model = model;
    this.onFound = onFound;
    this.input = document.getElementById("search");
    this.list = document.getElementById("hits");
    this.hits = [];
    this.index = 0;
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("focus", () => this.update());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  update() {
    const words = this.input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    this.hits = words.length ? this.find(words) : [];
    this.index = 0;
    this.show(words.length > 0);
  }

  find(words) {
    const ranked = [];
    for (const item of this.model.items.values()) {
      const name = item.name.toLowerCase(), all = `${name} ${item.id.toLowerCase()} ${item.group.toLowerCase()}`;
      if (!words.every((word) => all.includes(word))) continue;
      const rank = name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : name.includes(words[0]) ? 2 : 3;
      ranked.push([rank, name.length, item]);
    }
    return ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 12).map(([, , item]) => item);
  }

  show(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.list.replaceChildren(...this.hits.map((item, number) => {
      const line = element("li", { role: "option", id: `hit${number}`, "aria-selected": String(number === this.index) });
      line.append(badgeOf(item), element("span", {}, item.label), element("small", {}, item.module ?? item.group));
      line.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.take(number);
      });
      return line;
    }));
    if (open && !this.hits.length) this.list.append(element("li", { class: "none" }, "Nothing is called so"));
    if (this.hits.length) this.input.setAttribute("aria-activedescendant", `hit${this.index}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.index = Math.max(0, Math.min(this.hits.length - 1, this.index + step));
      this.show(this.hits.length > 0);
    } else if (event.key === "Enter" && this.hits.length) {
      event.preventDefault();
      this.take(this.index);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.input.value = "";
      this.input.blur();
    }
  }

  take(number) {
    const item = this.hits[number];
    this.input.value = "";
    this.close();
    this.onFound(item.id);
  }

  close() {
    this.hits = [];
    this.show(false);
  }
}
