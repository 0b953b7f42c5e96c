"use strict";
/* The panel beside the drawing: an overview, a type or route, the way between two, or the problems. */

class Panel {
  constructor(model, act) {
    this.model = model;
    this.act = act;
    this.place = document.getElementById("panel");
  }

  show(state, look) {
    const content = look.ways !== undefined ? this.wayPage(state, look.ways)
      : state.chosen !== null ? this.itemPage(this.model.items.get(state.chosen), state)
      : state.page === "problems" ? this.problemsPage()
      : this.homePage();
    const focused = document.activeElement?.closest("#panel") ? document.activeElement.dataset.keep : undefined;
    this.place.replaceChildren(...content.filter((part) => part !== null));
    this.place.scrollTop = 0;
    if (focused) this.place.querySelector(`[data-keep="${focused}"]`)?.focus();
  }

  homePage() {
    const { data, items } = this.model;
    const busy = data.nodes.filter((node) => !node.built_in && node.kind !== "missing")
      .sort((a, b) => items.get(b.id).neededBy.length - items.get(a.id).neededBy.length).slice(0, 8);
    return [
      element("h2", {}, "The graph"),
      facts([
        ["types", data.nodes.filter((node) => node.kind !== "missing").length],
        ["needs", data.edges.length],
        ["routes", data.roots.filter((root) => root.kind !== "other").length],
        ["other roots", data.roots.filter((root) => root.kind === "other").length],
        ["problems", data.problems.length],
        ["unused", data.unused.length],
      ]),
      data.problems.length ? this.problemHint() : null,
      element("h3", {}, "Needed by most"),
      this.links(busy.map((node) => node.id), (item) => item.neededBy.length),
      ...(data.unused.length ? [element("h3", { class: "warn" }, "Used by no root"), this.links(data.unused)] : []),
      element("h3", {}, "Keys"),
      keys([["/", "search"], ["↑ ↓ ← →", "move"], ["Enter", "select, open a group"], ["p", "way to another"],
        ["o", "only what is related"], ["g", "open or close all groups"], ["+ - 0", "zoom, fit"], ["t", "light or dark"],
        ["Esc", "back"]]),
    ];
  }

  problemHint() {
    const button = element("button", { class: "link warn" }, "Show the problems and how to mend them");
    button.addEventListener("click", () => this.act.showProblems());
    return button;
  }

  problemsPage() {
    const { problems } = this.model.data;
    return [
      element("h2", {}, problems.length === 1 ? "1 problem" : `${problems.length} problems`),
      ...problems.flatMap((problem) => [
        problemBox(problem),
        this.links([...new Set([...problem.roots, ...problem.nodes])]),
      ]),
    ];
  }

  itemPage(item, state) {
    const above = reach(this.model, item.id, "neededBy"), below = reach(this.model, item.id, "needs");
    const roots = [...above.keys()].filter((id) => id !== item.id && this.model.items.get(id).type === "root");
    const services = [...above.keys()].filter((id) => id !== item.id && this.model.items.get(id).type === "node");
    const title = element("h2", {}, item.name);
    if (item.type === "node") title.prepend(badgeOf(item));
    return [
      title,
      item.type === "node" ? badges(item) : null,
      ...item.problems.map(problemBox),
      this.actions(state),
      facts([
        ["module", item.module],
        ["provider", item.provider && item.provider !== item.name ? `${item.provider} (${item.kind.replaceAll("_", " ")})` : null],
        ["written", written(item.source)],
        ["registered", written(item.registered)],
      ]),
      ...this.section("Needs", "needs-text", item.needs, below.size - 1),
      ...this.section("Needed by", "needed-text", item.neededBy.filter(({ id }) => this.model.items.get(id).type === "node"), services.length),
      ...(roots.length ? [
        element("h3", { class: "needed-text" }, `Reached by ${roots.length} of ${this.model.data.roots.length} routes and other roots`),
        this.links(roots, (each) => (above.get(each.id) === 1 ? "asks for it" : `${above.get(each.id)} steps`)),
      ] : []),
    ];
  }

  section(title, style, edges, reached) {
    if (!edges.length) return endSection(title);
    const parameters = new Map(edges.map((edge) => [edge.id, edge.kind === "needs" ? edge.parameter : `${edge.parameter}, ${edge.kind}`]));
    const further = reached - parameters.size;
    return [
      element("h3", { class: style }, `${title} ${parameters.size}${further > 0 ? `, and ${further} through them` : ""}`),
      this.links([...parameters.keys()], (item) => parameters.get(item.id)),
    ];
  }

  actions(state) {
    const row = element("div", { class: "actions" });
    const add = (text, keep, pressed, act) => {
      const button = element("button", { "aria-pressed": String(pressed) }, text);
      button.dataset.keep = keep;
      button.addEventListener("click", act);
      row.append(button);
    };
    add("Only related", "only", state.only, () => this.act.toggleOnly());
    add("Way to…", "pick", state.picking, () => this.act.pick());
    if (!state.picking) return row;
    const both = element("div");
    both.append(row, element("p", { class: "hint" }, "Click another type or route, or search for it, to see the way between the two."));
    return both;
  }

  wayPage(state, ways) {
    const [one, other] = [state.chosen, state.other].map((id) => this.model.items.get(id));
    const again = element("div", { class: "actions" });
    const back = element("button", {}, `Back to ${one.name}`);
    back.addEventListener("click", () => this.act.choose(one.id));
    again.append(back);
    if (ways === null) {
      return [
        element("h2", {}, "No way between them"), again,
        element("p", {}, `Neither ${one.name} needs ${other.name}, nor the other way round.`),
      ];
    }
    const [start, end] = [ways.start, ways.end].map((id) => this.model.items.get(id));
    const many = ways.count > 1 ? `one of ${ways.count} shortest ways; all of them are drawn` : "the only shortest way";
    return [
      element("h2", {}, `${start.name} needs ${end.name}`), again,
      element("p", { class: "dim" }, `${ways.length} ${ways.length === 1 ? "step" : "steps"}, ${many}`),
      this.links(ways.first, (item) => (item.type === "root" ? item.kind : item.style)),
    ];
  }

  links(ids, note = () => "") {
    const list = element("ul");
    for (const id of ids) {
      const item = this.model.items.get(id);
      if (item === undefined) continue;
      const button = element("button", { class: "link", title: item.id });
      button.append(badgeOf(item), element("span", {}, item.label), element("small", {}, String(note(item) ?? "")));
      button.addEventListener("click", () => this.act.choose(id));
      const line = element("li");
      line.append(button);
      list.append(line);
    }
    return list;
  }
}

function endSection(title) {
  return [element("h3", {}, title === "Needs" ? "Needs nothing" : "No type needs it")];
}

function facts(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    list.append(element("dt", {}, name), breakable(element("dd", typeof value === "string" ? { class: "place" } : {}), String(value)));
  }
  return list;
}

/* Paths and dotted names may break after each part. */
function breakable(place, text) {
  for (const part of text.split(/(?<=[/.])/)) place.append(part, element("wbr"));
  return place;
}

function keys(pairs) {
  const list = element("div", { class: "keys" });
  for (const [key, meaning] of pairs) {
    const cell = element("span");
    cell.append(...key.split(" ").flatMap((each) => [element("kbd", {}, each), " "]));
    list.append(cell, element("span", {}, meaning));
  }
  return list;
}

function badges(item) {
  const line = element("p");
  line.append(element("span", { class: `badge ${item.style}` }, item.lifetime ?? "not registered"));
  const further = [
    item.external && "external", item.lifetime === "singleton" && item.kind !== "value" && !item.eager && "built on first use",
    item.kind !== "missing" && !item.built_in && !item.required && "optional", item.kind === "value" && "finished object",
    item.built_in && "built in", item.autowired && "autowired", item.opaque && "takes the container", item.unused && "used by no root",
  ];
  for (const text of further.filter(Boolean)) line.append(element("span", { class: "badge" }, text));
  return line;
}

/* The first sentence says what is wrong, the rest what to do about it. */
function problemBox(problem) {
  const box = element("div", { class: "problem" });
  const [, what, fix] = problem.text.match(/^(.*?\.) ((?:Register|Break|Annotate|Move|Give|Make|Pass|Put|Use|Remove|Ask).*)$/s) ?? [null, problem.text, ""];
  box.append(element("strong", {}, problem.kind.replaceAll("-", " ")), element("p", {}, what));
  if (fix) box.append(element("p", { class: "fix" }, fix));
  if (problem.path.length) {
    const steps = element("ol");
    for (const step of problem.path) steps.append(element("li", {}, step));
    box.append(steps);
  }
  return box;
}

function written(where) {
  return where ? `${where.file}:${where.line}` : null;
}
