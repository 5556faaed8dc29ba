// ODK Web Forms' engine on the form of bench_engine: loads it and answers its questions as bench_engine does, round
// after round. Prints lines of the same shape: load (definition and first instance), answers, memory. The engine is
// written for browsers: jsdom gives it a DOM, and the name that its WebAssembly loader looks for in node.
//   node web_forms.mjs FORM.xml
import { readFileSync } from 'node:fs';

const { JSDOM } = await import('jsdom');
const dom = new JSDOM('', { url: 'http://127.0.0.1/' }).window;
for (const name of Object.getOwnPropertyNames(dom))
	if (!(name in globalThis))
		globalThis[name] = dom[name];
globalThis.__dirname = '.';
const { loadForm } = await import('@getodk/xforms-engine');

const xml = readFileSync(process.argv[2], 'utf8');
const cpu = () => {
	const { user, system } = process.cpuUsage();

	return (user + system) / 1000;
};
const part = (list, p) => list.sort((a, b) => a - b)[Math.floor((list.length - 1) * p)];
const line = (what, value, unit) => console.log(`${what.padEnd(44)} ${value.toFixed(3).padStart(9)} ${unit}`);

const loads = [];
let root;
for (let i = 0; i < 8; i++) {
	const from = cpu(), form = await loadForm(xml);

	if (form.status === 'failure')
		throw form.error;
	({ root } = form.createInstance());
	loads.push(cpu() - from);
}
line('Web Forms: load, first', loads[0], 'ms');
line('Web Forms: load (median of the other 7)', part(loads.slice(1), 0.5), 'ms');

// one write a question and round, as people answer: only where the engine lets people write
const times = [];
let refused = 0;
for (let round = 0; round < 5; round++)
	root.currentState.children.forEach((node, i) => {
		const value = (i + 1 + round) % 7;
		let from;

		if (node.nodeType !== 'input' && node.nodeType !== 'select')
			return;
		from = performance.now();
		try {
			if (node.nodeType === 'select')
				node.selectValue(String(value));
			else
				node.setValue(BigInt(value));
			times.push(performance.now() - from);
		} catch {
			refused++;	// readonly, or calculated
		}
	});
if (times.length < 100)
	throw new Error(`only ${times.length} answers were taken, ${refused} refused`);
line('Web Forms: answer, 200 questions (median)', part(times, 0.5), 'ms');
line('Web Forms: answer, 200 questions (p95)', part(times, 0.95), 'ms');
console.log(`${times.length} answers, ${refused} refused; ${(process.memoryUsage().rss / 1048576).toFixed(0)} MB in all`);
process.exit(0);
