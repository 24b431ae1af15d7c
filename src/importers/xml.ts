import { XMLParser } from 'fast-xml-parser'
import { asObject } from './item.ts'

/** Parts of XML as the parser gives them: attributes begin with `@`, texts are texts, all elements are lists. */
export interface Xml {
  readonly [name: string]: unknown
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
})

/** Reads XML; throws Error for what is none. */
export const readXml = (text: string): Xml => parser.parse(text, true) as Xml

/** The elements of a name below another one. */
export function elements(parent: Xml | undefined, name: string): Xml[] {
  const found = parent?.[name]
  return (Array.isArray(found) ? found : []).map((one) => (asObject(one) as Xml | undefined) ?? { '#text': one })
}

/** The first element of a name. */
export const element = (parent: Xml | undefined, name: string): Xml | undefined => elements(parent, name)[0]

/** The text of the first element of a name; empty without one. */
export const textOf = (parent: Xml | undefined, name: string): string =>
  String(element(parent, name)?.['#text'] ?? '').trim()

/** An attribute; empty without one. */
export const attribute = (of: Xml, name: string): string => String(of[`@${name}`] ?? '')
