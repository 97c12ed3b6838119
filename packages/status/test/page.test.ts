import type { TestTracker } from '@internal/test-tracker'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startBrowser } from './browser.ts'
import { LEECHER, SEEDER, startTracker } from './status-tracker.ts'

// A browser is slow to start on a machine that does much else.
const PATIENCE = 120_000
vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE })

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser?.close())

/** A page, and what has gone wrong in it. */
async function newPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; errors: string[]; requests: string[] }> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  return { page, errors, requests }
}

const figure = (page: Page, path: string): Promise<string | null> =>
  page.locator(`[data-figure="${path}"]`).first().textContent()

async function until(ask: () => Promise<string | null>, text: string): Promise<void> {
  await expect.poll(ask, { timeout: PATIENCE / 2, interval: 50 }).toBe(text)
}

const statsPage = (tracker: TestTracker): string => tracker.url('http', '/stats')

describe('without JavaScript', () => {
  test('the page has the figures, in tables with headings', async () => {
    await using tracker = await startTracker()
    await tracker.client('http').announce(SEEDER)
    await tracker.client('udp').announce(LEECHER)
    const { page, errors } = await newPage({ javaScriptEnabled: false })
    await page.goto(statsPage(tracker))
    expect(await figure(page, 'store.swarms')).toBe('1')
    expect(await figure(page, 'store.seeders.ipv4')).toBe('1')
    expect(await figure(page, 'requests.udp.announce.ipv4.answered')).toBe('1')
    expect(await figure(page, 'status')).toBe('ready')
    expect(await page.title()).toBe('Chihaya: statistics')
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Chihaya'])
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'Requests',
      'Peers',
      'Refusals',
      'Readiness',
      'Process',
    ])
    expect(await page.getByRole('rowheader', { name: 'UDP announce' }).count()).toBe(1)
    expect(await page.locator('#freshness').textContent()).toBe('reload for newer figures')
    expect(errors).toEqual([])
  })
})

describe('with JavaScript', () => {
  test('the figures change after an announce, without a reload, an error, or a request to another host', async () => {
    await using tracker = await startTracker()
    const { page, errors, requests } = await newPage()
    let loads = 0
    page.on('load', () => loads++)
    await page.goto(statsPage(tracker))
    expect(await figure(page, 'store.swarms')).toBe('0')
    await tracker.client('http').announce(SEEDER)
    await expect(tracker.client('http').announce({ ...LEECHER, port: 70_000 })).rejects.toThrow(
      /port/,
    )
    await until(() => figure(page, 'store.swarms'), '1')
    await until(() => figure(page, 'store.totals.seeders'), '1')
    await until(() => figure(page, 'requests.http.announce.ipv4.answered'), '1')
    await until(() => page.locator('[data-rows="refusals"] td').first().textContent(), '1')
    expect(await page.locator('[data-figure]').allTextContents()).not.toContain('unavailable')
    expect(await page.locator('#freshness').textContent()).toBe('updated every two seconds')
    expect(await page.locator('#notice').isVisible()).toBe(false)
    expect(loads).toBe(1)
    expect(errors).toEqual([])
    const origin = new URL(statsPage(tracker)).origin
    expect(new Set(requests)).toEqual(new Set([`${origin}/stats`, `${origin}/stats.json`]))
  })

  test('the page reports an unreachable tracker, and continues when it is back', async () => {
    await using tracker = await startTracker()
    const { page } = await newPage()
    await page.goto(statsPage(tracker))
    await page.route('**/stats.json', (route) => route.abort())
    await until(() => figure(page, 'status'), 'unreachable')
    expect(await page.getByRole('status').textContent()).toMatch(
      /^The tracker does not answer\. These figures are of \d\d:\d\d:\d\d UTC\.$/,
    )
    expect(await page.locator('#notice').isVisible()).toBe(true)
    expect(await page.locator('#freshness').textContent()).toBe('and not updated')
    await page.unroute('**/stats.json')
    await page.route('**/stats.json', (route) => route.fulfill({ status: 503 }))
    await page.waitForResponse('**/stats.json')
    expect(await figure(page, 'status')).toBe('unreachable')
    await page.unroute('**/stats.json')
    await until(() => figure(page, 'status'), 'ready')
    expect(await page.locator('#notice').isVisible()).toBe(false)
  })

  test('the page sends no requests while hidden, and one as soon as it is visible', async () => {
    await using tracker = await startTracker()
    const { page, requests } = await newPage()
    await page.clock.install()
    await page.goto(statsPage(tracker))
    const setHidden = (hidden: boolean): Promise<void> =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`)
    const asked = page.waitForResponse('**/stats.json')
    await page.clock.runFor(2500)
    await asked
    await setHidden(true)
    const before = requests.length
    await page.clock.runFor(60_000)
    expect(requests).toHaveLength(before)
    const again = page.waitForResponse('**/stats.json')
    await setHidden(false)
    await again
  })
})

test.each([
  ['a telephone', { width: 360, height: 740 }],
  ['a desk', { width: 1280, height: 900 }],
])('the page fits %s, in light and in dark', async (_what, viewport) => {
  await using tracker = await startTracker()
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await newPage({ viewport, colorScheme })
    await page.goto(statsPage(tracker))
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      viewport.width,
    )
    const ground = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    const brightness = Math.max(...(ground.match(/\d+/g) ?? []).map(Number))
    expect(brightness > 128).toBe(colorScheme === 'light')
  }
})
