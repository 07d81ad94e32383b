// Signs in without a browser, as one that runs no script: follows redirects, fills the sandbox's form, delivers its answer.

/** What a person without JavaScript sees after signing in: status, address and HTML of the last page. */
export type Landing = { status: number; url: string; html: string }

/** Follows a link that leads to the sandbox's sign-in page and signs in as the person with this user name. */
export async function signInByForm(link: string, username = 'ada@sandbox.example'): Promise<Landing> {
  const page = await follow(await fetch(link, { redirect: 'manual' }), link)
  const form = formOf(page.html, page.url)
  const chosen = [...page.html.matchAll(/<input[^>]*type="radio"[^>]*>/g)].map(([input]) => ({
    name: attribute(input, 'name'),
    value: attribute(input, 'value'),
  }))
  const radio = chosen.find(({ value }) => value === username) ?? chosen[0]
  if (radio?.name) form.fields.set(radio.name, username)
  const answered = await submit(form)
  const delivery = await follow(answered, form.action)
  if (!/<form/.test(delivery.html) || new URL(delivery.url).origin !== new URL(form.action).origin) return delivery
  const post = formOf(delivery.html, delivery.url)
  return follow(await submit(post), post.action)
}

/** Enters a device code on the sandbox's page, and signs in there or cancels; resolves with the last page. */
export async function enterDeviceCode(
  verificationUri: string,
  userCode: string,
  choice: 'sign-in' | 'cancel' = 'sign-in',
  username = 'ada@sandbox.example',
): Promise<Landing> {
  const page = await follow(await fetch(verificationUri, { redirect: 'manual' }), verificationUri)
  const code = formOf(page.html, page.url)
  code.fields.set('user_code', userCode)
  const asked = await follow(await submit(code), code.action)
  const form = formOf(asked.html, asked.url)
  form.fields.set('username', username)
  form.fields.set('do', choice)
  return follow(await submit(form), form.action)
}

/** The authorization URL to which the link leads that a browser was started with; the link is used up by it. */
export async function followOpening(link: string): Promise<string> {
  const answer = await fetch(link, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (answer.status !== 303 || location === null) throw new Error(`${link} answered ${answer.status}: ${await answer.text()}`)
  return new URL(location, link).href
}

type Form = { action: string; fields: URLSearchParams }

function submit({ action, fields }: Form): Promise<Response> {
  return fetch(action, { method: 'POST', body: fields, redirect: 'manual' })
}

async function follow(response: Response, from: string): Promise<Landing> {
  const location = response.headers.get('location')
  if (location === null || response.status < 300 || response.status > 399)
    return { status: response.status, url: from, html: await response.text() }
  const next = new URL(location, from).href
  return follow(await fetch(next, { redirect: 'manual' }), next)
}

function formOf(html: string, base: string): Form {
  const [, open = '', inner = ''] = /(<form[^>]*>)([\s\S]*?)<\/form>/.exec(html) ?? []
  const fields = new URLSearchParams()
  for (const [input] of inner.matchAll(/<input[^>]*>/g))
    if (attribute(input, 'type') === 'hidden') fields.append(attribute(input, 'name') ?? '', attribute(input, 'value') ?? '')
  return { action: new URL(attribute(open, 'action') ?? '', base).href, fields }
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value
    ?.replace(/&#(x?)([0-9a-f]+);/gi, (_, hex: string, code: string) => String.fromCharCode(Number.parseInt(code, hex ? 16 : 10)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
}
