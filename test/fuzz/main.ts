/**
 * The program behind `npm run fuzz`: throws broken inputs at everything that takes what others write, and at the ports of running services.
 *
 * `npm run fuzz -- 30` goes on for 30 minutes (10). `--seed 5` throws what was thrown before; `--target NAME --seed S --path P` and
 * `--ports S` show one failure again. It ends at the first round that fails.
 */
import { parseArgs } from 'node:util';
import { attack } from './target.ts';
import { targets } from './targets.ts';
import { Victims } from './victims.ts';

const USUAL_MINUTES = 10;
/** Of each round, for each target and for the ports, in ms. */
const TARGET_MS = 1_000;
const PORTS_MS = 20_000;

const undo: (() => void | Promise<void>)[] = [];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, target: { type: 'string' }, path: { type: 'string' }, ports: { type: 'string' } },
});

try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  for (const each of undo.reverse()) await each();
}
process.exit();

async function main(): Promise<boolean> {
  if (values.ports !== undefined) return await once(Number(values.ports));
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 30));
  const minutes = Number(positionals[0] ?? USUAL_MINUTES);
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
  if (!chosen.length || !(minutes > 0) || !Number.isInteger(seed)) {
    console.error(
      `usage: npm run fuzz -- [minutes] [--seed number] [--target name]; targets:\n  ${targets.map(({ name }) => name).join('\n  ')}`,
    );
    return false;
  }
  if (values.path !== undefined) return chosen.every((each) => told(attack(each, { seed, path: values.path, ms: 60_000 }).failure));
  console.log(`seed ${seed}, ${minutes} minutes`);
  return await rounds(chosen, seed, performance.now() + minutes * 60_000);
}

async function rounds(chosen: typeof targets, first: number, end: number): Promise<boolean> {
  const victims = values.target === undefined ? await Victims.start({ after: (each) => undo.push(each) }) : null;
  const thrown = new Map<string, number>();
  const count = (name: string, more: number) => thrown.set(name, (thrown.get(name) ?? 0) + more);
  for (let seed = first; performance.now() < end; seed++) {
    for (const each of chosen) {
      const { thrown: more, failure } = attack(each, { seed, ms: TARGET_MS });
      count(each.name, more);
      if (!told(failure)) return false;
    }
    // A batch's seed is told when it fails.
    for (let i = 0, rest = performance.now() + PORTS_MS; victims && performance.now() < rest; i++) {
      try {
        count('ports', await victims.suffer(seed * 1_000 + i));
      } catch (error) {
        return told((error as Error).message);
      }
    }
    console.log(`${new Date().toISOString()} round ${seed - first + 1}: all stand; MB: ${JSON.stringify(victims?.memory ?? {})}`);
  }
  console.table(Object.fromEntries([...thrown].map(([name, inputs]) => [name, { inputs }])));
  return true;
}

async function once(seed: number): Promise<boolean> {
  const victims = await Victims.start({ after: (each) => undo.push(each) });
  try {
    console.log(`${await victims.suffer(seed)} inputs: all stand`);
    return true;
  } catch (error) {
    return told((error as Error).message);
  }
}

function told(failure: string | null): boolean {
  if (failure) console.log(`✖ ${failure}`);
  return failure === null;
}
