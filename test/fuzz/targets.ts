import { byteTargets } from './bytes.ts';
import { messageTargets } from './messages.ts';
import type { Target } from './target.ts';
import { wordTargets } from './words.ts';

/** Everything that takes what others write, and can be asked without a port. */
export const targets: Target[] = [...byteTargets, ...wordTargets, ...messageTargets];
