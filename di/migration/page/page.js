"use strict";
const nodes = [...document.querySelectorAll(".node")];
const edges = [...document.querySelectorAll(".edge")];
let chosen = null;

function choose(id) {
  chosen = chosen === id ? null : id;
  const near = new Set([chosen]);
  for (const edge of edges) {
    const touches = edge.dataset.from === chosen || edge.dataset.to === chosen;
    if (touches) near.add(edge.dataset.from).add(edge.dataset.to);
    edge.classList.toggle("faded", chosen !== null && !touches);
  }
  for (const node of nodes) {
    node.classList.toggle("chosen", node.dataset.id === chosen);
    node.classList.toggle("faded", chosen !== null && !near.has(node.dataset.id));
  }
}

for (const node of nodes) {
  node.addEventListener("click", () => choose(node.dataset.id));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(node.dataset.id);
    }
  });
}

document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const section of document.querySelectorAll("section.table")) {
    const inTitle = section.querySelector("h2").textContent.toLowerCase().includes(wanted);
    let shown = 0;
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !inTitle && !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) shown += 1;
    }
    section.hidden = shown === 0;
  }
});
