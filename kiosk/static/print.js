// The button of a sheet of paper: there only where a script runs; Ctrl+P does the same everywhere.
const button = document.getElementById('print');
button.hidden = false;
button.addEventListener('click', () => window.print());
