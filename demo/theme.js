// Before anything is drawn: the colours that the visitor chose last time, so that the page does not flash.
// The program keeps the choice as JSON (src/ui/theme.rs).
try {
  const theme = JSON.parse(localStorage.getItem("step-up-demo:theme"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage, or nothing of ours in it: the device's colours.
}
