"use strict";
/* Where the cards stand: roots on the left, services in columns by what they build upon, clients on the right. */

const ROW = 22, HEAD = 33, PAD = 8, GAP_X = 96, GAP_LAYERS = 68, GAP_Y = 14, TOP = 30, NARROW = 24, MOST_ROWS = 48;

/* Places cards { id, group, rows } and returns { cards, boxOf: Map(item or group id -> card), headings, width, height }.
   Cards with a `layer` stand in the column of that number, all others where their side and rank put them, or where
   they stood before: `before` is the list of columns of an earlier layout of the same cards. */
function layOut(model, cards, widthOf, shape, before = null) {
  const boxOf = new Map();
  for (const card of cards) {
    // Very long cards get their rows in several columns.
    card.across = Math.max(1, Math.ceil(card.rows.length / MOST_ROWS));
    card.down = Math.ceil(card.rows.length / card.across);
    card.own = widthOf(card) * card.across;
    card.height = HEAD + (card.down ? card.down * ROW + PAD : 0);
    for (const item of card.group.members) if (card.layer === undefined) boxOf.set(item.id, card);
    for (const item of card.rows) boxOf.set(item.id, card);
  }
  const links = linksBetween(model, boxOf);
  if (before !== null) return { cards, boxOf, ...measured(asBefore(cards, before)) };
  const columns = cards[0]?.layer === undefined ? inColumns(cards, shape) : inLayers(cards);
  for (let round = 0; round < 4; round += 1) {
    arrange(columns);
    for (const column of columns) sortByNeighbours(column, links);
  }
  return { cards, boxOf, columns, ...measured(columns) };
}

function linksBetween(model, boxOf) {
  const links = new Map();
  for (const id of boxOf.keys()) {
    for (const need of model.items.get(id).needs) {
      const source = boxOf.get(id), target = boxOf.get(need.id);
      if (target === undefined || target === source) continue;
      for (const [from, to] of [[source, target], [target, source]]) {
        if (!links.has(from)) links.set(from, new Map());
        links.get(from).set(to, (links.get(from).get(to) ?? 0) + 1);
      }
    }
  }
  return links;
}

function asBefore(cards, before) {
  const byId = new Map(cards.map((card) => [card.id, card]));
  return before.map((column) => {
    const boxes = column.boxes.map((box) => byId.get(box.id));
    const total = boxes.reduce((sum, box) => sum + box.height + GAP_Y, 0);
    return { ...column, boxes, total, width: Math.max(...boxes.map((box) => box.own)) };
  });
}

function inLayers(cards) {
  const numbers = [...new Set(cards.map((card) => card.layer))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const boxes = cards.filter((card) => card.layer === number);
    const total = boxes.reduce((sum, box) => sum + box.height + GAP_Y, 0);
    return { boxes, total, width: Math.max(...boxes.map((box) => box.own)), before: GAP_LAYERS };
  });
}

/* Choose how many columns there are so that the whole has the shape of the window, then fill them evenly. */
function inColumns(shown, shape) {
  const sides = { roots: [], services: [], clients: [] };
  for (const box of shown) sides[box.group.side].push(box);
  sides.services.sort((a, b) => a.group.rank - b.group.rank || a.group.label.localeCompare(b.group.label));
  let best = null;
  for (let tallest = 200; ; tallest *= 1.12) {
    const columns = [];
    for (const [side, boxes] of Object.entries(sides)) columns.push(...filled(boxes, tallest, side));
    const width = columns.reduce((sum, column) => sum + column.width + column.before, 0);
    const height = Math.max(...columns.map((column) => column.total));
    const scale = Math.min(shape.width / width, shape.height / height);
    if (best === null || scale > best.scale * 1.02) best = { scale, columns };
    if (columns.length <= 3 || tallest > 100000) return best.columns;
  }
}

function filled(boxes, tallest, side) {
  const sum = boxes.reduce((total, box) => total + box.height + GAP_Y, 0);
  const count = Math.max(1, Math.round(sum / tallest));
  const columns = [];
  let begun = 0;
  for (const box of boxes) {
    const number = Math.min(count - 1, Math.floor((begun + box.height / 2) / (sum / count)));
    columns[number] ??= { side, boxes: [], width: 0, total: 0 };
    columns[number].boxes.push(box);
    columns[number].width = Math.max(columns[number].width, box.own);
    columns[number].total += box.height + GAP_Y;
    begun += box.height + GAP_Y;
  }
  // Columns of roots or of clients stand close together: nothing runs between them.
  return columns.filter(Boolean).map((column, index) => (
    { ...column, before: index > 0 && side !== "services" ? NARROW : GAP_X, first: index === 0 }
  ));
}

function arrange(columns) {
  const tallest = Math.max(...columns.map((column) => column.total));
  let x = columns.length ? -columns[0].before : 0;
  for (const column of columns) {
    x += column.before;
    let y = TOP + (tallest - column.total) / 2;
    for (const box of column.boxes) {
      Object.assign(box, { x, y, width: column.width });
      y += box.height + GAP_Y;
    }
    x += column.width;
  }
}

function sortByNeighbours(column, links) {
  const wish = (box) => {
    let sum = 0, weight = 0;
    for (const [other, count] of links.get(box) ?? []) {
      const pull = Math.log2(count + 1);
      sum += (other.y + other.height / 2) * pull;
      weight += pull;
    }
    return weight ? sum / weight : box.y;
  };
  const wishes = new Map(column.boxes.map((box) => [box, wish(box)]));
  column.boxes.sort((a, b) => wishes.get(a) - wishes.get(b));
}

function measured(columns) {
  arrange(columns);
  const headings = [];
  const names = { roots: "Routes and other roots", services: "Services", clients: "Clients and settings" };
  let width = 0, height = 0;
  for (const column of columns) {
    if (column.first && column.boxes.length) {
      headings.push({ text: names[column.side], x: column.boxes[0].x + 2, y: column.boxes[0].y - 24 });
    }
    for (const box of column.boxes) {
      width = Math.max(width, box.x + box.width);
      height = Math.max(height, box.y + box.height);
    }
  }
  return { headings, width, height };
}
