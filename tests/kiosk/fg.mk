# Focus groups: the issue's own targets. `make test` runs short slices (tests/browser/test_fg.mjs).
.PHONY: fg-walk fg-power fg-lan fg-hostile
fg-walk: all $(O)/tests/kiosk/tool_site ## a focus group in chromium, script on and off, to indicators and reading room
	@BUILD=$(O) NOTES=60 node tests/browser/fg_run.mjs walk
fg-power: all $(O)/tests/kiosk/tool_site ## SIGKILL at each of 60 notes: n or n-1 with the passphrase, none with another
	@BUILD=$(O) NOTES=60 node tests/browser/fg_run.mjs power
fg-lan: all $(O)/tests/kiosk/tool_site ## eight tablets vote at once; a tablet is passed round; two facilitators
	@BUILD=$(O) node tests/browser/fg_run.mjs lan
fg-hostile: all $(O)/tests/kiosk/tool_site ## bad input everywhere, two tablets at once, a full disk, guesses, 20 power cuts while sealing
	@BUILD=$(O) node tests/browser/fg_run.mjs hostile
