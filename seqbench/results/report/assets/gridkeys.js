// The table by keyboard and pointer: one active cell, which the grid names to screen readers.

function markActive() {
  for (const node of grid.root.querySelectorAll(".active")) node.classList.remove("active");
  const { place, column } = grid.active;
  const found = byId(`cell-${place}-${column}`);
  if (found) {
    found.classList.add("active");
    grid.root.setAttribute("aria-activedescendant", found.id);
  } else grid.root.removeAttribute("aria-activedescendant");
}

function moveTo(place, column) {
  if (!grid.rows.length) return;
  grid.active.place = Math.max(0, Math.min(grid.rows.length - 1, place));
  grid.active.column = Math.max(0, Math.min(grid.names.length - 1, column));
  scrollToActive();
  drawRows();
  if (!byId("details").hidden) selectRow(grid.active.place);
}

function scrollToActive() {
  const { root, active, body } = grid;
  const height = rowHeight();
  const head = root.clientHeight - Math.min(root.clientHeight, body.offsetTop);
  const top = active.place * height;
  if (top < root.scrollTop) root.scrollTop = top;
  else if (top + height > root.scrollTop + head) root.scrollTop = top + height - head;
  const cells = root.querySelectorAll("[role=columnheader]");
  const cell = cells[active.column];
  if (!cell) return;
  if (cell.offsetLeft < root.scrollLeft) root.scrollLeft = cell.offsetLeft;
  const right = cell.offsetLeft + cell.offsetWidth;
  if (right > root.scrollLeft + root.clientWidth) root.scrollLeft = right - root.clientWidth;
}

function gridFocus() {
  if (grid.active.place < 0 && grid.rows.length) moveTo(inSight()[0] && firstInSight(), 0);
}

function firstInSight() {
  return Math.ceil(grid.root.scrollTop / rowHeight());
}

function gridKey(event) {
  if (event.target !== grid.root) return;
  const { place, column } = grid.active;
  const page = Math.max(1, Math.floor(grid.root.clientHeight / rowHeight()) - 2);
  const whole = event.ctrlKey || event.metaKey;
  const moves = {
    ArrowDown: [place + 1, column], ArrowUp: [place - 1, column],
    ArrowLeft: [place, column - 1], ArrowRight: [place, column + 1],
    PageDown: [place + page, column], PageUp: [place - page, column],
    Home: [whole ? 0 : place, 0], End: [whole ? grid.rows.length - 1 : place, grid.names.length - 1],
  };
  if (event.key === "ArrowUp" && place <= 0) focusHead(column);
  else if (moves[event.key] && !(event.altKey || event.shiftKey)) moveTo(...moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") openDetails(place);
  else if (event.key === "Escape" && !byId("details").hidden) closeDetails();
  else return;
  event.preventDefault();
}

function heads() {
  return [...grid.root.querySelectorAll("[role=columnheader] button")];
}

function focusHead(column) {
  const all = heads();
  const to = Math.max(0, Math.min(all.length - 1, column));
  all.forEach((button, n) => button.setAttribute("tabindex", n === to ? 0 : -1));
  if (all[to]) all[to].focus();
}

// The buttons sort by Enter and Space of themselves.
function headKey(event) {
  const column = Number(event.currentTarget.dataset.column);
  if (event.key === "ArrowLeft") focusHead(column - 1);
  else if (event.key === "ArrowRight") focusHead(column + 1);
  else if (event.key === "Home") focusHead(0);
  else if (event.key === "End") focusHead(grid.names.length - 1);
  else if (event.key === "ArrowDown") {
    grid.root.focus();
    moveTo(Math.max(0, firstInSight()), column);
  } else return;
  event.preventDefault();
}

function gridClick(event) {
  const cell = event.target.closest("[role=gridcell]");
  if (!cell) return;
  const place = Number(cell.parentNode.dataset.place);
  moveTo(place, Number(cell.getAttribute("aria-colindex")) - 1);
  openDetails(place, false);
}
