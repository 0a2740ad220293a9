/** The document that the page's script draws into. */

/** A padlock's bow over a key's bit; the same in the page's header. */
const ICON = [
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">',
  '<rect width="32" height="32" rx="8" fill="#0f766e"/>',
  '<g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round">',
  '<circle cx="16" cy="12" r="5"/><path d="M16 17v9m0-4h4"/></g></svg>',
].join('')

/** Script and style are asked for with the token, like everything here. */
export function documentOf({ token }: { token: string }): string {
  const link = (name: string) => `${name}?token=${token}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>holdfast inspector</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<link rel="stylesheet" href="${link('page.css')}">
<script type="module" src="${link('page.js')}"></script>
</head>
<body><div id="page"></div><noscript>The inspector is drawn by a script.</noscript></body>
</html>
`
}
