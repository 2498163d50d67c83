/** Where the sender of a command wants its answer (MQTT 5.0, 4.10), and which wishes of that kind are not granted. Pure. */

/** No answer goes to a longer or deeper topic; brokers bound both, and close the connection that goes beyond. */
const MAX_TOPIC_BYTES = 256;
const MAX_LEVELS = 16;
/** So much comes back with the answer, in bytes. */
const MAX_CORRELATION_BYTES = 256;
/** So much of a refused topic is repeated, in characters. */
const MAX_SHOWN = 80;

export interface Response {
  topic: string;
  correlationData?: Buffer;
}

/**
 * Reads what came with a command; null when no answer of its own is asked for.
 * @param closed topics at and below which nobody is answered, since others believe what stands there: `homeguard`, `homeassistant`
 */
export function readResponse(
  { responseTopic, correlationData }: { responseTopic?: string; correlationData?: Buffer },
  closed: string[],
): Response | { refused: string } | null {
  if (responseTopic === undefined) return null;
  const fault = faultOf(responseTopic, closed);
  if (fault) return { refused: `No answer can go to the response topic ${JSON.stringify(responseTopic.slice(0, MAX_SHOWN))}: ${fault}.` };
  if (correlationData && correlationData.length > MAX_CORRELATION_BYTES)
    return { refused: `Correlation data has at most ${MAX_CORRELATION_BYTES} bytes.` };
  return { topic: responseTopic, correlationData };
}

/** Why nothing may be published there by us, the end of a sentence; null when it may. */
function faultOf(topic: string, closed: string[]): string | null {
  if (topic === '') return 'it is empty';
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return `it is longer than ${MAX_TOPIC_BYTES} bytes`;
  if (topic.split('/').length > MAX_LEVELS) return `it has more than ${MAX_LEVELS} levels`;
  // Mosquitto closes a connection that publishes control characters or what is no character (MQTT 5.0, 1.5.4).
  if (/\p{C}/u.test(topic)) return 'it has characters that cannot be printed';
  if (/[+#]/.test(topic)) return 'it has a wildcard';
  if (topic.startsWith('$')) return "what begins with $ is the broker's own";
  // Ours or any other program's: an answer must never be a command.
  if (/(^|\/)set$/.test(topic)) return 'what ends with /set is a command';
  const owner = closed.find((each) => topic === each || topic.startsWith(`${each}/`));
  return owner === undefined ? null : `what begins with ${owner}/ is told by its owner alone`;
}
