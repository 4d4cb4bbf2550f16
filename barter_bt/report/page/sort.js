for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[column].dataset.key;
    const rows = [...table.tBodies[0].rows];
    const numbers = rows.every(row => key(row) === "" || !isNaN(key(row)));
    const order = (a, b) => key(a) === "" ? 1 : key(b) === "" ? -1
      : (numbers ? key(a) - key(b) : key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (up ? 1 : -1);
    table.tBodies[0].append(...rows.sort(order));
  }));
}
