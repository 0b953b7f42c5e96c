"use strict";
/* The graph: items (types and roots) by id, groups, and walks along both directions of the edges. */

function readModel(data) {
  const items = new Map();
  for (const node of data.nodes) {
    items.set(node.id, { ...node, type: "node", style: node.lifetime ?? "missing", label: node.name });
  }
  for (const root of data.roots) {
    const label = root.path ?? root.name.replace(/^root /, "");
    items.set(root.id, { ...root, type: "root", style: "root", label });
  }
  for (const item of items.values()) Object.assign(item, { needs: [], neededBy: [], problems: [] });
  const connect = (source, target, parameter, kind) => {
    items.get(source).needs.push({ id: target, parameter, kind });
    items.get(target).neededBy.push({ id: source, parameter, kind });
  };
  for (const edge of data.edges) connect(edge.source, edge.target, edge.parameter, edge.kind);
  for (const root of data.roots) {
    const asked = new Set();
    for (const ask of root.asks) {
      if (!asked.has(ask.target)) connect(root.id, ask.target, ask.via.length ? "through a dependency" : "", "needs");
      asked.add(ask.target);
    }
  }
  for (const problem of data.problems) {
    // Whoever is held captive is not at fault.
    const nodes = problem.kind === "captive-dependency" ? problem.nodes.slice(0, 1) : problem.nodes;
    for (const id of new Set([...nodes, ...problem.roots])) items.get(id)?.problems.push(problem);
  }
  for (const id of data.unused) items.get(id).unused = true;
  return { data, items, groups: readGroups(items, data.order) };
}

function readGroups(items, order) {
  const groups = new Map();
  for (const item of items.values()) {
    const id = `${item.side} ${item.group}`;
    if (!groups.has(id)) groups.set(id, { id, label: item.group, side: item.side, members: [] });
    groups.get(id).members.push(item);
    item.groupId = id;
  }
  for (const group of groups.values()) {
    const rank = order.indexOf(group.label);
    group.rank = rank < 0 ? order.length : rank;
    if (group.side !== "roots") group.members.sort((a, b) => a.label.localeCompare(b.label));
  }
  return [...groups.values()];
}

/* Everything reached from an id, with its number of steps; `direction` is "needs" or "neededBy". */
function reach(model, start, direction) {
  const distances = new Map([[start, 0]]);
  const waiting = [start];
  for (let index = 0; index < waiting.length; index += 1) {
    const id = waiting[index];
    for (const next of model.items.get(id)[direction]) {
      if (!distances.has(next.id)) {
        distances.set(next.id, distances.get(id) + 1);
        waiting.push(next.id);
      }
    }
  }
  return distances;
}

/* All shortest ways between two items, whichever of them needs the other; null when neither does. */
function waysBetween(model, one, other) {
  for (const [start, end] of [[one, other], [other, one]]) {
    const down = reach(model, start, "needs");
    if (!down.has(end)) continue;
    const up = reach(model, end, "neededBy");
    const length = down.get(end);
    const on = new Set([...down.keys()].filter((id) => up.has(id) && down.get(id) + up.get(id) === length));
    const first = [start];
    while (first.at(-1) !== end) {
      const here = first.at(-1);
      const step = model.items.get(here).needs.find(({ id }) => on.has(id) && down.get(id) === down.get(here) + 1);
      first.push(step.id);
    }
    const follows = (from, to) => on.has(from) && on.has(to) && down.get(to) === down.get(from) + 1;
    return { start, end, length, on, down, first, follows, count: countWays(model, first[0], end, on, down) };
  }
  return null;
}

function countWays(model, start, end, on, down) {
  const counts = new Map([[start, 1]]);
  for (const id of [...on].sort((a, b) => down.get(a) - down.get(b))) {
    const nexts = new Set(model.items.get(id).needs.map((need) => need.id));
    for (const next of nexts) {
      if (on.has(next) && down.get(next) === down.get(id) + 1) {
        counts.set(next, (counts.get(next) ?? 0) + counts.get(id));
      }
    }
  }
  return counts.get(end);
}
