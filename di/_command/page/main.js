"use strict";
/* What is chosen, what is open, and how the window shows it. */

const model = readModel(JSON.parse(document.getElementById("graph-data").textContent));
const stage = document.getElementById("stage"), world = document.getElementById("world");
const SMALL = 150; // with more types, groups are closed at first
const state = { chosen: null, other: null, picking: false, only: false, page: "home", open: new Set(), hidden: new Set() };
const view = { x: 0, y: 0, scale: 1, fitted: false };
let look = lookOf();

/* How items and edges stand to what is chosen, and in which column they stand when nothing else is shown. */
function lookOf() {
  if (state.chosen === null) return { any: false, of: () => undefined, edge: () => null, pinned: () => false };
  if (state.other !== null) {
    const ways = waysBetween(model, state.chosen, state.other);
    const on = ways?.on ?? new Set([state.chosen, state.other]);
    return {
      any: true, ways, layer: (id) => ways?.down.get(id) ?? 0, pinned: (id) => on.has(id), of: (id) => (on.has(id) ? "way" : undefined),
      edge: (from, to) => (ways?.follows(from, to) ? "way near" : null),
    };
  }
  const down = reach(model, state.chosen, "needs"), up = reach(model, state.chosen, "neededBy");
  const of = (id) => (id === state.chosen ? "chosen" : down.has(id) ? "needs" : up.has(id) ? "needed" : undefined);
  return {
    any: true, of, layer: (id) => (up.has(id) ? -Math.min(2, up.get(id)) : Math.min(2, down.get(id))), pinned: (id) => down.get(id) <= 1 || up.get(id) <= 1,
    edge: (from, to) => {
      if (down.has(from) && down.has(to)) return from === state.chosen ? "needs near" : "needs far";
      if (up.has(from) && up.has(to)) return to === state.chosen ? "needed near" : "needed far";
      return null;
    },
  };
}

/* What is drawn: groups with their rows, or only what is related, in layers from who needs to what is needed. */
function cardsOf() {
  const cards = new Map();
  const only = state.only && look.any;
  const far = -1 + Math.min(...[...model.items.keys()].filter((id) => only && look.of(id)).map((id) => look.layer(id)));
  for (const group of model.groups) {
    const members = group.members.filter((item) => !state.hidden.has(item.style));
    if (!only && members.length) {
      const rows = state.open.has(group.id) ? members : members.filter((item) => look.pinned(item.id));
      cards.set(group.id, { id: group.id, group, rows });
    }
    for (const item of only ? members.filter((each) => look.of(each.id)) : []) {
      const layer = item.type === "root" ? far : look.layer(item.id), id = `${layer} ${group.label}`;
      if (!cards.has(id)) cards.set(id, { id, group, layer, rows: [] });
      cards.get(id).rows.push(item);
    }
  }
  return [...cards.values()];
}

const drawing = new Drawing(model, chooseOrPick, (group) => {
  if (!state.open.delete(group.id)) state.open.add(group.id);
  render();
});
const act = {
  choose: (id) => choose(id),
  pick: () => { state.picking = !state.picking; render(); },
  toggleOnly: () => { state.only = !state.only; render(); fit(); },
  showProblems: () => { choose(null); state.page = "problems"; render(); },
};
const panel = new Panel(model, act);
const search = new Search(model, chooseOrPick);

function chooseOrPick(id) {
  if (!state.picking || id === state.chosen) return choose(id === state.chosen ? null : id);
  Object.assign(state, { other: id, picking: false });
  render();
  bringIntoSight(state.chosen, state.other);
}

function choose(id, { remember = true } = {}) {
  Object.assign(state, { chosen: id, other: null, picking: false, page: "home" });
  if (id === null) state.only = false;
  if (remember) history.pushState(null, "", id === null ? location.pathname + location.search : `#${encodeURIComponent(id)}`);
  render();
  bringIntoSight(id);
}

/* Keep showing everything until somebody has moved the drawing; then move as little as needed. */
function bringIntoSight(...ids) {
  if (view.fitted || state.only) fit();
  else if (ids[0] !== null) show(...ids);
}

function render() {
  look = lookOf();
  // The way the window is used stays the same whatever is chosen, so that cards do not jump from column to column.
  drawing.draw(cardsOf(), { width: stage.clientWidth, height: stage.clientHeight }, look, state);
  panel.show(state, look);
  const button = document.getElementById("fold");
  button.textContent = state.open.size < model.groups.length / 2 ? "Open all" : "Close all";
  for (const each of stage.querySelectorAll("[tabindex='0']")) each.tabIndex = -1;
  const entry = stage.contains(document.activeElement) ? document.activeElement : drawing.rows.get(state.chosen)?.firstChild;
  (entry?.isConnected ? entry : stage.querySelector("button"))?.setAttribute("tabindex", "0");
}

/* --- moving over the drawing --- */

function place(glide = false) {
  world.classList.toggle("gliding", glide);
  world.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.scale})`;
}

function fit(glide = true) {
  if (!drawing.layout.cards.length) return;
  const { width, height } = drawing.layout, margin = 28;
  const whole = Math.min((stage.clientWidth - 2 * margin) / width, (stage.clientHeight - 2 * margin) / height);
  view.scale = Math.max(0.6, Math.min(1.15, whole)); // below that, labels cannot be read
  view.x = Math.max(margin, (stage.clientWidth - width * view.scale) / 2);
  view.y = Math.max(margin, (stage.clientHeight - height * view.scale) / 2);
  if (whole < view.scale && state.chosen !== null) show(state.chosen);
  else place(glide);
  view.fitted = true;
}

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.max(0.15, Math.min(2.5, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  view.fitted = false;
  place();
}

/* Move as little as needed to have items in sight. */
function show(...ids) {
  const margin = 12;
  for (const id of ids) {
    const anchor = drawing.anchor(id);
    if (anchor === null) continue;
    const left = anchor.box.x * view.scale + view.x, right = left + anchor.box.width * view.scale;
    const y = anchor.y * view.scale + view.y;
    if (right > stage.clientWidth - margin) view.x -= right - stage.clientWidth + margin;
    if (left < margin) view.x += margin - left;
    if (y > stage.clientHeight - margin) view.y -= y - stage.clientHeight + margin;
    if (y < margin) view.y += margin - y;
  }
  place(true);
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const bounds = stage.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey) {
    zoom(Math.exp(-event.deltaY * 0.004), event.clientX - bounds.left, event.clientY - bounds.top);
  } else {
    view.x -= event.shiftKey ? event.deltaY : event.deltaX;
    view.y -= event.shiftKey ? 0 : event.deltaY;
    view.fitted = false;
    place();
  }
}, { passive: false });

let drag = null;
stage.addEventListener("pointerdown", (event) => {
  if (event.button === 0 && !event.target.closest("button")) {
    drag = { x: event.clientX - view.x, y: event.clientY - view.y, moved: false };
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("dragging");
  }
});
stage.addEventListener("pointermove", (event) => {
  if (drag === null) return;
  drag.moved ||= Math.abs(event.clientX - drag.x - view.x) + Math.abs(event.clientY - drag.y - view.y) > 4;
  if (!drag.moved) return;
  view.x = event.clientX - drag.x;
  view.y = event.clientY - drag.y;
  view.fitted = false;
  place();
});
stage.addEventListener("pointerup", (event) => {
  if (drag !== null && !drag.moved && state.chosen !== null && !event.target.closest(".card")) choose(null);
  drag = null;
  stage.classList.remove("dragging");
});
stage.addEventListener("scroll", () => stage.scrollTo(0, 0)); // browsers scroll to what has the focus

/* --- keys --- */

function moveFocus(key) {
  const buttons = [...stage.querySelectorAll("button")].map((button) => ({ button, at: button.getBoundingClientRect() }));
  const here = buttons.find(({ button }) => button === document.activeElement);
  if (here === undefined) return stage.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  const cost = ({ at }) => {
    const across = at.left - here.at.left, along = at.top - here.at.top;
    if (sideways) return across * sign > 5 ? Math.abs(across) * 4 + Math.abs(along) : Infinity;
    return Math.abs(across) < 5 && along * sign > 1 ? Math.abs(along) : Infinity;
  };
  const best = buttons.reduce((found, each) => (cost(each) < cost(found) ? each : found), here);
  here.button.tabIndex = -1;
  best.button.tabIndex = 0;
  best.button.focus({ preventScroll: true });
  const bounds = stage.getBoundingClientRect(), margin = 40;
  view.x += Math.max(0, bounds.left + margin - best.at.left) - Math.max(0, best.at.right + margin - bounds.right);
  view.y += Math.max(0, bounds.top + margin - best.at.top) - Math.max(0, best.at.bottom + margin - bounds.bottom);
  place();
}

const KEYS = {
  "/": () => search.focus(),
  p: () => state.chosen !== null && act.pick(),
  o: () => state.chosen !== null && act.toggleOnly(),
  g: () => foldAll(),
  t: () => switchTheme(),
  0: () => fit(),
  "+": () => zoom(1.2),
  "=": () => zoom(1.2),
  "-": () => zoom(1 / 1.2),
  Escape: () => stepBack(),
};
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.startsWith("Arrow") && !event.target.closest("#panel, header")) {
    event.preventDefault();
    moveFocus(event.key);
  } else if (Object.hasOwn(KEYS, event.key)) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

function stepBack() {
  if (state.picking) act.pick();
  else if (state.other !== null) choose(state.chosen);
  else if (state.only) act.toggleOnly();
  else choose(null);
}

function foldAll() {
  const open = state.open.size < model.groups.length / 2;
  state.open = new Set(open ? model.groups.map((group) => group.id) : []);
  render();
  fit();
}

/* --- the bar on top --- */

function switchTheme() {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "☀" : "☾";
}

function drawLegend() {
  const legend = document.getElementById("legend");
  for (const style of ["singleton", "scoped", "transient", "missing"]) {
    const count = model.data.nodes.filter((node) => (node.lifetime ?? "missing") === style).length;
    if (!count) continue;
    const button = element("button", { "aria-pressed": "true", title: `Show or hide ${style} types` });
    button.append(element("i", { class: `dot ${style}` }), `${style} ${count}`);
    button.addEventListener("click", () => {
      if (!state.hidden.delete(style)) state.hidden.add(style);
      button.setAttribute("aria-pressed", String(!state.hidden.has(style)));
      render();
      fit();
    });
    legend.append(button);
  }
}

function begin() {
  const { data } = model;
  document.title = `Graph of ${data.title}`;
  document.getElementById("title").textContent = data.title;
  for (const group of model.groups) {
    const few = group.side === "roots" ? data.roots.length <= 30 : data.nodes.length <= SMALL;
    if (few) state.open.add(group.id);
  }
  const problems = document.getElementById("problems");
  problems.hidden = data.problems.length === 0;
  problems.textContent = data.problems.length === 1 ? "1 problem" : `${data.problems.length} problems`;
  problems.addEventListener("click", act.showProblems);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  const buttons = { theme: switchTheme, fold: foldAll, fit, "zoom-in": () => zoom(1.2), "zoom-out": () => zoom(1 / 1.2) };
  for (const [id, doIt] of Object.entries(buttons)) document.getElementById(id).addEventListener("click", () => doIt());
  drawLegend();
  addEventListener("popstate", fromAddress);
  addEventListener("resize", () => { render(); fit(false); });
  fromAddress();
  fit(false);
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

function fromAddress() {
  let id = null;
  try {
    id = decodeURIComponent(location.hash.slice(1));
  } catch {
    // a mangled address chooses nothing
  }
  choose(model.items.has(id) ? id : null, { remember: false });
}

begin();
