# The kiosk's own targets; names as the design of the kiosk has them.
KIOSK_NEEDS := all $(O)/tests/kiosk/tool_site $(O)/tests/kiosk/tool_load
kiosk_node = @BUILD=$(O) node tests/browser/$(1)

.PHONY: kiosk-walk kiosk-wipe kiosk-offline kiosk-concern kiosk-withdraw kiosk-hostile kiosk-idle kiosk-a11y kiosk-mutants
kiosk-walk: $(KIOSK_NEEDS) ## keyboard only, switch only, script off: attract to receipt, one sealed row
	$(call kiosk_node,test_walk.mjs)
kiosk-wipe: $(KIOSK_NEEDS) ## Back shows nothing after a visit; what was typed is in no file and no memory
	$(call kiosk_node,test_wipe.mjs)
kiosk-offline: $(KIOSK_NEEDS) ## the whole walk without a network; policy and no-store on every page
	$(call kiosk_node,test_offline.mjs)
kiosk-concern: $(KIOSK_NEEDS) ## "Something is wrong": one press, concern keys only, nothing tells of it
	$(call kiosk_node,test_concern.mjs)
kiosk-withdraw: $(KIOSK_NEEDS) ## answers taken back with the four words
	$(call kiosk_node,test_withdraw.mjs)
kiosk-hostile: $(KIOSK_NEEDS) ## hostile input on every route; the visit goes on
	$(call kiosk_node,test_hostile.mjs)
kiosk-a11y: $(KIOSK_NEEDS) ## every page by every rule, axe included: both ways round, en, cy, rtl, dark, words, sizes
	$(call kiosk_node,kiosk_a11y.mjs)
kiosk-mutants: $(KIOSK_NEEDS) ## sixteen planted faults, each caught by its own check
	$(call kiosk_node,kiosk_mutants.mjs)
kiosk-idle: $(KIOSK_NEEDS) $(O)/tests/kiosk/test_idle ## a given clock: warning, going on, the end without sending
	@BUILD=$(O) $(O)/tests/kiosk/test_idle

.PHONY: shots shots-all
shots: $(KIOSK_NEEDS) ## a dozen pictures of the kiosk into docs/shots
	$(call kiosk_node,kiosk_shots.mjs) docs/shots
shots-all: $(KIOSK_NEEDS) ## every page of the kiosk at three sizes into build/shots, to look at
	$(call kiosk_node,kiosk_shots.mjs) build/shots all

.PHONY: kiosk-listen kiosk-script kiosk-media kiosk-lan kiosk-power
kiosk-script: $(KIOSK_NEEDS) ## the dialog, saving while typing, keys to touch
	$(call kiosk_node,test_script.mjs)
kiosk-media: $(KIOSK_NEEDS) ## pictures, sounds and films of forms: from a folder and a bundle, and what is refused
	$(call kiosk_node,test_media.mjs)
kiosk-listen: $(KIOSK_NEEDS) ## every page can be heard, stopped, slowed, in its language
	$(call kiosk_node,test_listen.mjs)
kiosk-lan: $(KIOSK_NEEDS) ## 20 visitors at once and 100 tablets over HTTPS, 10,000 pages, none with another's answer; p99
	@PAGES=10000 THINK_MS=100 LIMIT_MS=50 BUILD=$(O) node tests/browser/test_lan.mjs
kiosk-power: $(KIOSK_NEEDS) ## 200 random SIGKILLs: no thanked answer lost or doubled
	@KILLS=200 BUILD=$(O) node tests/browser/test_power.mjs

.PHONY: kiosk-policy
kiosk-policy: $(KIOSK_NEEDS) ## the packaged browser policy: other ports and files are blocked, our address opens
	$(call kiosk_node,kiosk_policy.mjs)

.PHONY: forms-lint
forms-lint: all ## the questionnaires that ship: no error, no warning
	@$(O)/candour form check --strict forms/library/*.csv && echo "$(words $(wildcard forms/library/*.csv)) passed, 0 failed"

.PHONY: kiosk-staff kiosk-paper
kiosk-staff: $(KIOSK_NEEDS) $(O)/tests/kiosk/test_staff ## behind the PIN: waiting, status, idle, every page by the rules, no answer to be seen
	@BUILD=$(O) $(O)/tests/kiosk/test_staff
	@PARTS=layout,zoom,keyboard,modes BUILD=$(O) node tests/browser/test_staff.mjs
kiosk-paper: $(KIOSK_NEEDS) ## sheets of paper: every question and choice, large; typed in, sealed, not readable back
	$(call kiosk_node,test_paper.mjs)

.PHONY: kiosk-long
kiosk-long: $(KIOSK_NEEDS) $(O)/tests/kiosk/bench_page ## 10,000 visits: the kiosk under 16 MiB and not growing (VISITS=10000)
	@VISITS=$${VISITS:-10000} BUILD=$(O) $(O)/tests/kiosk/bench_page

.PHONY: kiosk-join
kiosk-join: $(KIOSK_NEEDS) $(O)/tests/kiosk/test_join ## HTTPS for tablets: certificates, the code that lets one in once, removal
	@BUILD=$(O) $(O)/tests/kiosk/test_join
	$(call kiosk_node,test_join.mjs)

.PHONY: kiosk-offers kiosk-kinds
kiosk-offers: $(KIOSK_NEEDS) ## what is told before anybody answers: languages, length, how long answers are kept
	$(call kiosk_node,test_offers.mjs)
kiosk-kinds: $(KIOSK_NEEDS) ## every kind of question: shown, filled in, wrong, mended, stored
	$(call kiosk_node,test_widgets.mjs)
