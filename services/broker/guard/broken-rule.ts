/** Reason codes of MQTT 5.0, 2.4, that a peer is closed with here. */
export const REASON = { malformed: 0x81, protocol: 0x82, version: 0x84, topic: 0x90, alias: 0x94, tooLarge: 0x95 } as const;

/** A packet breaks a rule of MQTT; the message says which, with its clause, and nothing of the packet's bytes. The peer has to be closed. */
export class BrokenRuleError extends Error {
  override name = 'BrokenRuleError';
  /** For a peer that speaks MQTT 5. */
  readonly reason: number;
  /** What the peer is to be sent before it is closed, if MQTT has an answer. */
  farewell: Buffer | null = null;

  constructor(message: string, reason: number = REASON.malformed) {
    super(message);
    this.reason = reason;
  }
}

export function requireThat(isKept: boolean, rule: string, reason?: number): void {
  if (!isKept) throw new BrokenRuleError(rule, reason);
}
