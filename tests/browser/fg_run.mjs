// fg_run.mjs walk|power|lan|hostile: one of the long tests of focus groups (tests/kiosk/fg.mk).
import { main } from './lib.mjs';
import { lan } from './fg_lan.mjs';
import { power } from './fg_power.mjs';
import { hostile } from './fg_hostile.mjs';
import { wholeWalk } from './fg_walk.mjs';

const notes = Number(process.env.NOTES || 60);
await main(() => ({ walk: () => wholeWalk(notes), power: () => power(notes), lan: () => lan(), hostile: () => hostile() })[process.argv[2]]());
