/** Elements built from text only: nothing here can turn an answer of the server into markup. */

type Attributes = Readonly<Record<string, string | boolean | undefined>>
export type Content = Node | string | false | undefined

export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name)
  setAll(element, attributes)
  element.append(...content.filter((each) => each !== false && each !== undefined))
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

const PATHS = {
  check: 'M3 8.6 6.3 12 13 4.6',
  alert: 'M8 2.3 14.4 13.4H1.6L8 2.3ZM8 6.6v3.1M8 11.4v.2',
  clock: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.6V8l2.3 1.6',
  cross: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4',
  key: 'M5.2 8.2a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2ZM7.1 9 13.6 2.5M11.2 4.9l2 2',
} as const

export type Glyph = keyof typeof PATHS

export function icon(name: Glyph, tone = ''): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  setAll(svg, {
    viewBox: '0 0 16 16',
    width: '18',
    height: '18',
    fill: 'none',
    'aria-hidden': 'true',
    class: `icon ${tone}`,
  })
  const path = document.createElementNS(SVG, 'path')
  setAll(path, {
    d: PATHS[name],
    stroke: 'currentColor',
    'stroke-width': '1.5',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  })
  svg.append(path)
  return svg
}

function setAll(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
}
