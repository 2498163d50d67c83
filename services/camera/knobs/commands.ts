import type { Bus } from '../../shared/bus.ts';
import type { Answer, cameraTopics } from '../../shared/contract.ts';
import { isSettingName, MAX_COMMAND_BYTES } from '../../shared/knob.ts';
import type { Logger } from '../../shared/log.ts';
import type { Message } from '../../shared/message.ts';
import { type Outcome, userOf } from './outcome.ts';
import { type Response, readResponse } from './response.ts';

/** So many commands are under way at once; more are refused. */
const MAX_UNDER_WAY = 64;
/** So much of a refused value is repeated, in characters. */
const MAX_SHOWN = 80;

export interface CommandParts {
  bus: Pick<Bus, 'connected' | 'subscribe' | 'announce' | 'deliver'>;
  topics: ReturnType<typeof cameraTopics>;
  log: Logger;
  /** Topics at and below which nobody is answered: response topics are others' wishes. */
  closed: string[];
  /** Does what is wished for, or says why not. */
  obey: (setting: string, text: string) => Promise<Outcome>;
  /** The setting's true value. */
  valueOf: (setting: string) => string | null;
}

/**
 * What comes on `{setting}/set`: it is done or refused, and either way answered, and the true value told again. Who names a response topic
 * is answered there, too; who names one that is not answered is refused, and nothing is done: half of a wish would look like the whole.
 */
export class Commands {
  readonly #parts: CommandParts;
  #underWay = 0;

  constructor(parts: CommandParts) {
    this.#parts = parts;
    const { bus, topics } = parts;
    for (const filter of [topics.set('+'), topics.set('controls/+')]) bus.subscribe(filter, (message) => void this.#take(message));
  }

  async #take({ topic, payload, retain, ...sender }: Message): Promise<void> {
    const { topics, log, closed } = this.#parts;
    const setting = topic.slice(topics.set('').length - '/set'.length, -'/set'.length);
    if (retain) {
      log.warn(`${topic} holds a retained command, which is ignored: publish commands without retain, and clear this one`);
      return;
    }
    const wanted = payload.length > MAX_COMMAND_BYTES ? '' : payload.toString();
    const response = readResponse(sender, closed);
    this.#underWay++;
    const outcome = response && 'refused' in response ? response : await this.#obey(setting, wanted, payload.length);
    const { refused, id, retrySeconds }: Outcome = outcome;
    const shown = wanted.length > MAX_SHOWN ? `${wanted.slice(0, MAX_SHOWN)}…` : wanted;
    log.info(refused ? `refused: ${setting} = "${shown}": ${refused}` : `set: ${setting}${wanted && ` = ${shown}`}`);
    const more = { ...(id !== undefined && { id }), ...(retrySeconds !== undefined && { retry_s: retrySeconds }) };
    const answer = { setting, wanted, value: this.#parts.valueOf(setting), refused, ...more };
    const others = response && 'topic' in response ? this.#respond(response, answer, outcome) : undefined;
    await Promise.all([this.#answer(answer), others]);
    this.#underWay--;
  }

  async #obey(setting: string, wanted: string, bytes: number): Promise<Outcome> {
    if (!isSettingName(setting)) return { refused: 'This is no setting.' };
    if (bytes > MAX_COMMAND_BYTES) return { refused: `A command has at most ${MAX_COMMAND_BYTES} bytes.` };
    if (this.#underWay > MAX_UNDER_WAY) return { refused: 'Too many commands at once: send them more slowly.' };
    return this.#parts.obey(setting, wanted);
  }

  async #answer(answer: Answer): Promise<void> {
    const { bus, topics } = this.#parts;
    if (answer.value !== null) bus.announce(topics.setting(answer.setting), answer.value);
    await bus.deliver(topics.answer, JSON.stringify(answer));
  }

  /**
   * Who asked for a picture gets the picture itself, and the answer only when there is none: the content type tells which it is. So does who
   * asked the doctor: what has `findings` is what he found.
   */
  async #respond({ topic, correlationData }: Response, answer: Answer, { taken, found }: Outcome): Promise<void> {
    const { bus, log } = this.#parts;
    const isTaken = taken
      ? await bus.deliver(topic, taken.jpeg, { stamp: taken.stamp, user: userOf(taken), correlationData })
      : await bus.deliver(topic, found ?? JSON.stringify(answer), { contentType: 'application/json', correlationData });
    if (!isTaken && bus.connected) {
      log.warn(`The message bus does not take answers to the response topic ${topic}: give the camera's user the right to publish there.`);
    }
  }
}
