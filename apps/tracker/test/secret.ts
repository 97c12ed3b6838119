/** The forms in which a text may turn up in a log. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'latin1')
  const hex = bytes.toString('hex')
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  // In base64 what surrounds a text shifts it by zero, one or two bytes; the first and last digits
  // hold parts of others.
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

/** Which of these secrets a text holds, in whatever form, by their names. */
export function leaksIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const lower = text.toLowerCase()
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => lower.includes(form.toLowerCase())))
    .map(([name]) => name)
}
