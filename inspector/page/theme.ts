/** Light or dark: as the system has it, until somebody says otherwise. */
const PLACE = 'holdfast-theme'

export function applyTheme(): void {
  const kept = read()
  if (kept) document.documentElement.dataset.theme = kept
}

export function nextTheme(): void {
  const { dataset } = document.documentElement
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  const next = (dataset.theme ?? system) === 'dark' ? 'light' : 'dark'
  dataset.theme = next
  try {
    localStorage.setItem(PLACE, next)
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

function read(): string | undefined {
  try {
    return localStorage.getItem(PLACE) ?? undefined
  } catch {
    return undefined
  }
}
