/** What the message bus answered -> finding. Pure. */
import type { Place } from '../camera/trouble/place.ts';
import { SILENT } from '../shared/guest.ts';
import type { BrokerFacts } from './broker.ts';
import { type Finding, fault, hint, well } from './finding.ts';

interface Rule {
  said: RegExp;
  text: string;
  remedy: (place: Place) => string;
}

/** The first that fits is it. The texts are those of Node 24 for errors of the system, of DNS and of TLS. */
const RULES: Rule[] = [
  {
    said: /^MQTT_TLS_CA names .*cannot be read/,
    text: 'cannot be asked: the file in MQTT_TLS_CA cannot be read',
    remedy: () => 'Correct the path in MQTT_TLS_CA, let this user read that file, or leave MQTT_TLS_CA out.',
  },
  {
    said: /^MQTT_TLS_CA names/,
    text: 'cannot be asked: the file in MQTT_TLS_CA is no certificate',
    remedy: () => "Name the authority's certificate in MQTT_TLS_CA, often ca.crt; the file begins with -----BEGIN CERTIFICATE-----.",
  },
  {
    said: /ECONNREFUSED/,
    text: 'is not there: nothing listens at this address',
    remedy: (place) => `Start the broker${by(place)}, or correct MQTT_URL.`,
  },
  {
    said: /ENOENT/,
    text: 'is not there: there is no such socket',
    remedy: (place) => `Start the broker${by(place)}, or correct MQTT_URL.`,
  },
  {
    said: /EACCES|EPERM/,
    text: 'is a socket that we may not use',
    remedy: () => "Give this user the socket's group, or correct MQTT_URL.",
  },
  {
    said: /EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN/,
    text: 'cannot be reached: the network knows no way to it',
    remedy: () => "Check the network cable or Wi-Fi, and the broker's address in MQTT_URL.",
  },
  {
    said: /ENOTFOUND/,
    text: 'has a name that nobody knows',
    remedy: () => "Correct the name in MQTT_URL, or write the broker's number in its place, such as 192.168.1.2.",
  },
  {
    said: /EAI_AGAIN/,
    text: 'has a name that cannot be looked up now',
    remedy: () => "Check the network cable or Wi-Fi, or write the broker's number into MQTT_URL, such as 192.168.1.2.",
  },
  {
    said: /certificate.* (expired|not yet valid)/i,
    text: 'has a certificate whose time is over, or has not come',
    remedy: () => "Look at this machine's clock with `date`; if that is right, renew the broker's certificate.",
  },
  {
    said: /altnames/i,
    text: 'has a certificate for another name',
    remedy: () => 'Write the very name that the certificate has into MQTT_URL.',
  },
  {
    said: /certificate|CERT_/i,
    text: 'has a certificate that we do not trust',
    remedy: () => 'Set MQTT_TLS_CA to the certificate of the authority that signed it: `MQTT_TLS_CA=/path/to/ca.crt`.',
  },
  {
    said: /SSL|TLS|EPROTO/,
    text: 'does not speak TLS',
    remedy: () => 'Look which port of the broker has TLS, often 8883, or write mqtt:// in place of mqtts:// into MQTT_URL.',
  },
  {
    said: new RegExp(`^${SILENT}$|ETIMEDOUT|timeout`),
    text: 'does not answer within 3 s',
    remedy: () => "Check that the broker's machine is on, that MQTT_URL names it, and that no firewall stands between.",
  },
  {
    said: /^Invalid|Malformed|[Pp]acket|header/,
    text: 'answers, but not as a broker does',
    remedy: () => 'Look which program listens at that port; the port of a broker is mostly 1883, or 8883 with TLS.',
  },
  {
    said: /was lost|ECONNRESET|EPIPE|socket hang up/,
    text: 'hangs up without a word',
    remedy: () =>
      "Look whether that is a broker at all, and whether it wants TLS (mqtts:// in MQTT_URL); the broker's own log says why it hung up.",
  },
];

export function judgeBroker(facts: BrokerFacts, place: Place): Finding {
  const where = publicUrl(facts.url);
  const { trouble, username, version } = facts;
  if (trouble === null) {
    if (facts.isStranger) return judgeStranger(where);
    const as = username ? `the login as ${username} is right` : 'no login is asked for';
    return well('broker', where, `speaks MQTT ${version === 5 ? '5' : '3.1.1, not 5'}, ${as}`);
  }
  if (/refuses our login/.test(trouble)) return judgeLogin(facts, where);
  if (!facts.named && /ECONNREFUSED/.test(trouble)) return notRunning(where, place);
  const said = trouble.replaceAll(facts.url, where).replace(/^.*(?:cannot be reached|is not believed) \((.*)\): \w+.*$/, '$1');
  const known = RULES.find((rule) => rule.said.test(said));
  if (known) return fault('broker', where, known.text, known.remedy(place));
  return fault('broker', where, `cannot be reached (${said})`, 'Look whether that is a broker at all, or correct MQTT_URL.');
}

/** It stands where HomeGuard's own is to listen, but wants no login. */
function judgeStranger(where: string): Finding {
  const remedy = `Use it: \`MQTT_URL=${where}\`; or let HomeGuard's own listen elsewhere: \`BROKER_PORT=1884\`.`;
  return fault('broker', where, "is another broker, in the place where HomeGuard's own is to listen", remedy);
}

/** Before a first start that is as it should be. */
function notRunning(where: string, place: Place): Finding {
  return hint('broker', where, 'is not there: HomeGuard does not run now', `Start it: \`${startCommand(place)}\`.`);
}

export function startCommand(place: Place): string {
  return place.kind === 'container' ? 'docker compose up -d' : 'npm start';
}

function by(place: Place): string {
  return place.kind === 'container' ? ` with \`${startCommand(place)}\`` : '';
}

function judgeLogin({ username, passwordFrom, isHidden, named }: BrokerFacts, where: string): Finding {
  if (isHidden) return hint('broker', where, 'is there, but the login cannot be tried: we may not read its password', ASK_AS_THEM);
  const other = named ? 'set MQTT_USERNAME and MQTT_PASSWORD to a user that it knows' : 'set MQTT_URL, MQTT_USERNAME and MQTT_PASSWORD';
  const remedy = `If it is HomeGuard's own, set DATA_DIR to the folder with which that was started; if it is another, ${other}.`;
  if (!username) return fault('broker', where, `wants a login, and ${passwordFrom} is not there`, remedy);
  if (passwordFrom !== 'MQTT_PASSWORD')
    return fault('broker', where, `refuses the user ${username} with the password in ${passwordFrom}`, remedy);
  const known = 'Set MQTT_USERNAME and MQTT_PASSWORD to a user that it knows.';
  return fault('broker', where, `refuses the user ${username} with the password in MQTT_PASSWORD`, known);
}

/** For what only the user who runs HomeGuard can see. */
export const ASK_AS_THEM = 'Run the doctor as the user who runs HomeGuard, or `sudo -E npm run doctor`.';

/** An address without its query, which may hold a key. */
function publicUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return protocol === 'mqtt+unix:' ? decodeURIComponent(pathname) : `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
