import { users } from './django-site.ts';

/** Headers of a browser that logged in through Django's own form. */
export async function logInToDjango(origin: string, name: keyof typeof users): Promise<{ Cookie: string }> {
  const form = await fetch(`${origin}/accounts/login/`);
  const hidden = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(await form.text())?.[1] ?? '';
  const csrf = cookieNamed(form, 'csrftoken');
  const answer = await fetch(`${origin}/accounts/login/`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: csrf, Origin: origin, Referer: `${origin}/accounts/login/` },
    body: new URLSearchParams({ csrfmiddlewaretoken: hidden, username: name, password: users[name] }),
  });
  const session = cookieNamed(answer, 'sessionid');
  if (answer.status !== 302 || !session) throw new Error(`Django did not log ${name} in: ${answer.status} ${await answer.text()}`);
  return { Cookie: `${csrf}; ${session}` };
}

function cookieNamed(answer: Response, name: string): string {
  return (
    answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .find((pair) => pair.startsWith(`${name}=`)) ?? ''
  );
}
