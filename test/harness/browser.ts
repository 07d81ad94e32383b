// A real Chromium, headless, for pages and redirects as a person meets them.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Starts Chromium with an empty profile. Rejects with the Debian package's name when it is missing. */
export async function launchBrowser(args: string[] = []): Promise<Browser> {
  if (!existsSync(executablePath)) throw new Error('Chromium is missing: apt-get install --no-install-recommends chromium')
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
}

/** Opens a URL that leads to the sandbox's sign-in page and signs in as one of its people; resolves on the page that follows. */
export async function signInAt(browser: Browser, url: string, person = 'Ada Example'): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  await signInOn(page, person)
  return page
}

/** Signs in on a page that shows the sandbox's sign-in form. */
export async function signInOn(page: Page, person = 'Ada Example'): Promise<void> {
  await page.getByLabel(person).check()
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.waitForURL(/\/-\/sign-in\/|\/fhir|\/dicom/)
}
