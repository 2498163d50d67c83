import type { Bus, Message } from '../../shared/bus.ts';
import type { Answer, cameraTopics } from '../../shared/contract.ts';
import { isSettingName, MAX_COMMAND_BYTES } from '../../shared/knob.ts';
import type { Logger } from '../../shared/log.ts';

/** So many commands are under way at once; more are refused. */
const MAX_UNDER_WAY = 64;
/** So much of a refused value is repeated, in characters. */
const MAX_SHOWN = 80;

export interface CommandParts {
  bus: Bus;
  topics: ReturnType<typeof cameraTopics>;
  log: Logger;
  /** Does what is wished for. Resolves with null, or with the reason why not, a sentence. */
  obey: (setting: string, text: string) => Promise<string | null>;
  /** The setting's true value. */
  valueOf: (setting: string) => string | null;
}

/** What comes on `{setting}/set`: it is done or refused, and either way answered, and the true value told again. */
export class Commands {
  readonly #parts: CommandParts;
  #underWay = 0;

  constructor(parts: CommandParts) {
    this.#parts = parts;
    const { bus, topics } = parts;
    for (const filter of [topics.set('+'), topics.set('controls/+')]) bus.subscribe(filter, (message) => void this.#take(message));
  }

  async #take({ topic, payload, retain }: Message): Promise<void> {
    const { topics, log } = this.#parts;
    const setting = topic.slice(topics.set('').length - '/set'.length, -'/set'.length);
    if (retain) {
      log.warn(`${topic} holds a retained command, which is ignored: publish commands without retain, and clear this one`);
      return;
    }
    const wanted = payload.length > MAX_COMMAND_BYTES ? '' : payload.toString();
    this.#underWay++;
    const refused = await this.#obey(setting, wanted, payload.length);
    const shown = wanted.length > MAX_SHOWN ? `${wanted.slice(0, MAX_SHOWN)}…` : wanted;
    log.info(refused ? `refused: ${setting} = "${shown}": ${refused}` : `set: ${setting}${wanted && ` = ${shown}`}`);
    await this.#answer({ setting, wanted, value: this.#parts.valueOf(setting), refused });
    this.#underWay--;
  }

  async #obey(setting: string, wanted: string, bytes: number): Promise<string | null> {
    if (!isSettingName(setting)) return 'This is no setting.';
    if (bytes > MAX_COMMAND_BYTES) return `A command has at most ${MAX_COMMAND_BYTES} bytes.`;
    if (this.#underWay > MAX_UNDER_WAY) return 'Too many commands at once: send them more slowly.';
    return this.#parts.obey(setting, wanted);
  }

  async #answer(answer: Answer): Promise<void> {
    const { bus, topics } = this.#parts;
    if (answer.value !== null) bus.announce(topics.setting(answer.setting), answer.value);
    await bus.deliver(topics.answer, JSON.stringify(answer));
  }
}
