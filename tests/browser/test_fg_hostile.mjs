// A slice of make fg-hostile: guides, bad fields, two tablets, somebody leaves, a full disk, two power cuts while sealing.
import { main } from './lib.mjs';
import { hostile } from './fg_hostile.mjs';

await main(() => hostile({ short: true, kills: 2 }));
