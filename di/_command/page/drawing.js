"use strict";
/* Cards for groups, rows for types and roots, and the wires between them. */

const MARKS = { external: "↗", problem: "!", unused: "unused" };

class Drawing {
  constructor(model, onRow, onCard) {
    this.model = model;
    this.cards = document.getElementById("cards");
    this.wires = document.getElementById("wires");
    this.onRow = onRow;
    this.onCard = onCard;
    this.made = new Map();
    this.rows = new Map();
    this.widths = new Map();
    this.pen = document.createElement("canvas").getContext("2d");
    this.layout = null;
    this.arranged = { what: null, columns: null };
  }

  /* `look` says how each item stands to what is chosen: see lookOf in main.js. */
  draw(cards, shape, look, state) {
    const focused = document.activeElement;
    // Choosing something opens some rows; no card shall change its column or order for that.
    const layered = cards[0]?.layer !== undefined;
    const what = JSON.stringify([[...state.open], [...state.hidden], shape]);
    const before = !layered && what === this.arranged.what ? this.arranged.columns : null;
    this.layout = layOut(this.model, cards, (card) => this.widthOf(card), shape, before);
    if (!layered && before === null) this.arranged = { what, columns: this.layout.columns };
    const keep = [];
    for (const box of this.layout.cards) keep.push(this.drawCard(box, look, state));
    for (const heading of this.layout.headings) keep.push(drawHeading(heading));
    this.cards.replaceChildren(...keep);
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    this.drawWires(look);
  }

  widthOf({ group, rows }) {
    const widths = rows.map((item) => this.textWidth(item.label) + (item.type === "root" ? 86 : 62));
    return Math.ceil(Math.min(340, Math.max(160, this.textWidth(shortLabel(group)) + 104, ...widths)));
  }

  textWidth(text) {
    if (!this.widths.has(text)) {
      if (!this.widths.size) {
        const style = getComputedStyle(document.body);
        this.pen.font = `600 ${style.fontSize} ${style.fontFamily}`;
      }
      this.widths.set(text, this.pen.measureText(text).width);
    }
    return this.widths.get(text);
  }

  drawCard(box, look, state) {
    const { group } = box;
    const made = this.made.get(box.id) ?? this.makeCard(box);
    const open = state.open.has(group.id) || box.layer !== undefined;
    const aside = look.any && !group.members.some((item) => look.of(item.id));
    const troubled = (box.layer === undefined ? group.members : box.rows).some((item) => item.problems.length);
    made.card.className = `card${open ? " open" : ""}${aside ? " aside" : ""}${troubled ? " troubled" : ""}`;
    made.card.style.cssText = `transform:translate(${box.x}px,${box.y}px);width:${box.width}px;height:${box.height}px`;
    made.title.setAttribute("aria-expanded", String(open));
    const related = box.layer !== undefined ? box.rows.length : look.any ? group.members.filter((item) => look.of(item.id)).length : 0;
    made.list.style.gridTemplateRows = `repeat(${box.down}, ${ROW}px)`;
    made.count.textContent = box.layer !== undefined ? related : related && !aside ? `${related} of ${group.members.length}` : group.members.length;
    made.list.replaceChildren(...box.rows.map((item) => this.drawRow(item, look)));
    return made.card;
  }

  makeCard({ id, group }) {
    const card = element("section", { "aria-label": `${group.label}, ${group.members.length}` });
    const title = element("button", { tabindex: -1, title: group.label });
    const count = element("small");
    title.append(element("span", {}, shortLabel(group)), count);
    title.addEventListener("click", () => this.onCard(group));
    const bar = element("div", { class: "bar" });
    for (const style of group.side === "roots" ? [] : ["singleton", "scoped", "transient", "missing"]) {
      const share = group.members.filter((item) => item.style === style).length / group.members.length;
      if (share) bar.append(element("i", { class: `dot ${style}`, style: `width:${share * 100}%;height:3px;border-radius:0;clip-path:none` }));
    }
    const list = element("ul");
    card.append(title, bar, list);
    const made = { card, title, count, list };
    this.made.set(id, made);
    return made;
  }

  drawRow(item, look) {
    let row = this.rows.get(item.id);
    if (row === undefined) {
      const button = element("button", { tabindex: -1, title: item.name, "aria-label": spoken(item) });
      button.dataset.id = item.id;
      button.append(badgeOf(item), element("span", {}, item.label));
      for (const mark of marksOf(item)) button.append(mark);
      button.addEventListener("click", () => this.onRow(item.id));
      row = element("li");
      row.append(button);
      this.rows.set(item.id, row);
    }
    const relation = look.of(item.id);
    const button = row.firstChild;
    button.className = `row ${relation ?? (look.any ? "aside" : "")} ${item.problems.length ? "troubled" : ""}`;
    button.setAttribute("aria-pressed", String(relation === "chosen"));
    return row;
  }

  anchor(id) {
    const box = this.layout.boxOf.get(id);
    if (box === undefined) return null;
    box.places ??= new Map(box.rows.map((row, index) => (
      [row.id, box.y + HEAD + PAD / 2 + ((index % box.down) + 0.5) * ROW]
    )));
    return { box, y: box.places.get(id) ?? box.y + 15 };
  }

  drawWires(look) {
    const bundles = new Map(), single = new Map();
    for (const item of this.model.items.values()) {
      const from = this.anchor(item.id);
      if (from === null) continue;
      for (const need of item.needs) {
        const to = this.anchor(need.id);
        if (to === null) continue;
        const style = look.edge(item.id, need.id);
        if (style !== null) {
          const kind = need.kind === "needs" ? "" : " deferred";
          single.set(`${from.box.x} ${from.y} ${to.box.x} ${to.y} ${style}`, wire(from, to, style + kind));
        } else if (from.box !== to.box) {
          const key = `${from.box.id}\n${to.box.id}`;
          const bundle = bundles.get(key) ?? { from: { box: from.box, y: from.box.y + 15 }, to: { box: to.box, y: to.box.y + 15 }, count: 0 };
          bundle.count += 1;
          bundles.set(key, bundle);
        }
      }
    }
    const bundled = [...bundles.values()].map(({ from, to, count }) => (
      wire(from, to, "bundle", ` stroke-width="${Math.min(7, 0.8 + Math.log2(count)).toFixed(1)}"`)
    ));
    this.wires.style.setProperty("--bundle", Math.max(0.09, Math.min(0.32, 18 / bundles.size)));
    this.wires.setAttribute("width", this.layout.width);
    this.wires.setAttribute("height", this.layout.height);
    this.wires.classList.toggle("quiet", look.any);
    const ordered = [...single.values()].sort((a, b) => a.includes(" near") - b.includes(" near"));
    this.wires.innerHTML = bundled.join("") + ordered.join("");
  }
}

/* A curve from the right side of who needs to the left side of what is needed; on the near sides if it goes back. */
function wire(from, to, style, more = "") {
  const forth = to.box.x > from.box.x, same = to.box.x === from.box.x;
  const x1 = forth || same ? from.box.x + from.box.width : from.box.x;
  const x2 = forth ? to.box.x : to.box.x + to.box.width;
  const bend = same ? 50 : Math.max(36, Math.min(140, Math.abs(x2 - x1) / 2));
  const c1 = forth || same ? x1 + bend : x1 - bend, c2 = forth ? x2 - bend : x2 + bend;
  return `<path class="${style}"${more} d="M${x1} ${from.y}C${c1} ${from.y} ${c2} ${to.y} ${x2} ${to.y}"/>`;
}

function drawHeading(heading) {
  return element("div", { class: "heading", style: `transform:translate(${heading.x}px,${heading.y}px)` }, heading.text);
}

function shortLabel(group) {
  if (group.side !== "roots") return group.label;
  return group.label.replace(/^.*\/(?=[^/]+\/[^/]+$)/, "").replace(/\.py$/, "");
}

function badgeOf(item) {
  if (item.type === "node") return element("i", { class: `dot ${item.style}` });
  const verb = item.kind === "websocket" ? "WS" : item.method ?? "";
  return element("b", { class: "verb" }, verb.slice(0, 6));
}

function marksOf(item) {
  const marks = [];
  if (item.problems.length) marks.push(element("em", { class: "alarm", title: "has a problem" }, MARKS.problem));
  if (item.external) marks.push(element("em", { title: "external" }, MARKS.external));
  if (item.unused) marks.push(element("em", {}, MARKS.unused));
  return marks;
}

function spoken(item) {
  const counts = `needs ${item.needs.length}, needed by ${item.neededBy.length}`;
  const kind = item.type === "root" ? item.kind : item.style;
  return `${item.name}, ${kind}, ${counts}${item.problems.length ? ", has a problem" : ""}`;
}

function element(name, attributes = {}, text = null) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}
