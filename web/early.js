// Before the first paint, so that a dark page does not flash white. Runs in the page's head; see build.mjs.
try {
  for (const name of ['theme', 'contrast']) {
    const choice = localStorage.getItem(`roundtable.${name}`);
    if (choice) document.documentElement.dataset[name] = choice;
  }
} catch {
  // Without storage there is nothing that was chosen.
}
