/** Why there is no picture: what a camera tells of it, and what only a gateway sees. Pure. */
import type { Condition } from '../shared/contract.ts';

/** A camera's condition, or what only a gateway can see: its service is not there, or the bus is not. */
export type ShownCondition = Condition | 'offline' | 'bus-lost';

/** Why there is no picture, in the words of the placeholder. */
export interface Darkness {
  condition: ShownCondition;
  cause: string | null;
  advice: string | null;
  /** When it began, ISO 8601 in UTC, where the camera told. */
  since?: string;
}

/** There is none: pictures come. */
export const LIVE: Darkness = { condition: 'live', cause: null, advice: null };
/** Its service is not there. */
export const OFFLINE: Darkness = {
  condition: 'offline',
  cause: 'The camera service is not connected to the message bus.',
  advice: 'Start the camera service, or look at its log to see why it ended.',
};
/** For those who still watch, or wait, when a camera is taken off the bus. */
export const REMOVED: Darkness = {
  condition: 'offline',
  cause: 'The camera was removed from the message bus.',
  advice: 'If that was a mistake, start its camera service again.',
};

/** The darkness of a gateway that has lost its bus. */
export function busLost(trouble: string): Darkness {
  return { condition: 'bus-lost', cause: trouble, advice: 'It is tried again every second; start the broker if it is not running.' };
}
