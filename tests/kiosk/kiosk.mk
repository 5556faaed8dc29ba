# The kiosk's own targets; names as the design of the kiosk has them.
KIOSK_NEEDS := all $(O)/tests/kiosk/tool_site

.PHONY: kiosk-walk
kiosk-walk: $(KIOSK_NEEDS) ## keyboard only, switch only, script off: attract to receipt, one sealed row
	@BUILD=$(O) node tests/browser/test_walk.mjs
