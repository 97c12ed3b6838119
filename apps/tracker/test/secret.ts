/** The forms in which a text may appear in a log. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'latin1')
  const hex = bytes.toString('hex')
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  // In base64, the bytes before a text shift it by zero, one or two bytes; its first and last
  // digits also encode neighbouring bytes.
  const base64 = [0, 1, 2].flatMap((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const middle = digits.slice(shift === 0 ? 0 : shift + 1, -1)
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const forms = [
    secret,
    encodeURIComponent(secret),
    hex,
    hex.toUpperCase(),
    percent,
    percent.toUpperCase(),
    ...base64,
  ]
  const spelt = [
    JSON.stringify(secret).slice(1, -1),
    [...bytes].join(','),
    hex.replaceAll(/../g, '$& ').trim(),
  ]
  return [...new Set([...forms, ...spelt])]
}

/** The names of those secrets that a text holds in any form. */
export function leaksIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const lower = text.toLowerCase()
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => lower.includes(form.toLowerCase())))
    .map(([name]) => name)
}
