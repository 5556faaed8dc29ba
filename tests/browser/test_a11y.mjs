// kiosk-a11y in short form: three pages by all rules. `make kiosk-a11y` does every page.
process.argv.push('short');
await import('./kiosk_a11y.mjs');
