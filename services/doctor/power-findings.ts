/** The power supply -> finding. Pure. */
import { type Finding, hint, well } from './finding.ts';
import type { Machine } from './machine.ts';

/** @param low see `isPowerLow` */
export function judgePower(low: boolean | null, { model }: Machine): Finding[] {
  if (low === null) return [];
  if (!low) return [well('power', 'supply', 'gives enough')];
  const remedy = 'Use the official power supply of the Raspberry Pi, and its own cable: a camera may vanish or fall silent without.';
  return [hint('power', 'supply', `gives the ${model} too little (under-voltage)`, remedy)];
}
