import { type Expression, type SqlBool, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import type { Owner } from './owners.ts'
import { fits } from './search.ts'

/** A place that concepts come from, and the language that their own names are in. */
export interface ConceptHome extends Owner {
  readonly language: string
}

/** The homes of concepts by app pk, all in one look-up. */
export async function conceptHomes(db: Reader, appPks: readonly number[]): Promise<Map<number, ConceptHome>> {
  const distinct = [...new Set(appPks)]
  if (distinct.length === 0) return new Map()
  const rows = await db
    .selectFrom('apps')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .select(['apps.pk', 'apps.id as appId', 'users.id as userId'])
    .select(db.ops.jsonText(sql.ref('apps.doc'), ['default_language']).as('language'))
    .where('apps.pk', 'in', distinct)
    .execute()
  return new Map(rows.map(({ pk, appId, userId, language }) => [pk, { appId, userId, language: language || 'en' }]))
}

/** What a search for concepts looks through. */
export interface ConceptScope {
  /** The caller's app, whose concepts come first; absent when only others are wanted. */
  readonly appPk?: number
  /** The app with the public concepts. */
  readonly publicAppPk?: number
  /** Versions whose concepts are searched too. */
  readonly versionPks?: readonly number[]
  /** Of the public concepts only those that models of these types answer. */
  readonly publicTypeIds?: readonly string[]
}

/** A concept with its name in the language of the search, where it has one. */
export type FoundConcept = Row<'concepts'> & { readonly translated: string | null }

/**
 * Concepts whose name in a language contains a text or, with `*` in it, matches it as a whole; in `plainAppPks` the
 * concepts' own names are in that language. The caller's come first, shorter names before longer ones.
 */
export async function searchConcepts(
  db: Reader,
  scope: ConceptScope,
  query: { readonly name: string; readonly language: string; readonly plainAppPks: readonly number[] },
  window: { readonly limit: number; readonly offset: number },
): Promise<FoundConcept[]> {
  const named = (column: string) => fits(db.ops, sql.ref(column), query.name)
  const plain = query.plainAppPks
  return db
    .selectFrom('concepts')
    .leftJoin('concept_languages as other', (join) =>
      join.onRef('other.concept_pk', '=', 'concepts.pk').on('other.id', '=', query.language),
    )
    .selectAll('concepts')
    .select('other.name as translated')
    .where((eb) => {
      const sources: Expression<SqlBool>[] = []
      if (scope.appPk !== undefined) sources.push(eb('concepts.app_pk', '=', scope.appPk))
      const inVersions = eb.selectFrom('model_version_concepts').select('concept_pk')
      if (scope.publicAppPk !== undefined) {
        const open = eb('concepts.app_pk', '=', scope.publicAppPk)
        const ofTypes = inVersions
          .innerJoin('model_versions', 'model_versions.pk', 'model_version_concepts.version_pk')
          .innerJoin('models', 'models.pk', 'model_versions.model_pk')
          .where('models.app_pk', '=', scope.publicAppPk)
          .where('models.model_type_id', 'in', scope.publicTypeIds ?? [])
        sources.push(scope.publicTypeIds ? eb.and([open, eb('concepts.pk', 'in', ofTypes)]) : open)
      }
      if (scope.versionPks && scope.versionPks.length > 0) {
        sources.push(eb('concepts.pk', 'in', inVersions.where('version_pk', 'in', scope.versionPks)))
      }
      return eb.or(sources)
    })
    .where((eb) =>
      eb.or([
        ...(plain.length > 0 ? [eb.and([eb('concepts.app_pk', 'in', plain), named('concepts.name')])] : []),
        eb.and([eb('other.name', 'is not', null), named('other.name')]),
      ]),
    )
    .orderBy((eb) =>
      eb
        .case()
        .when('concepts.app_pk', '=', scope.appPk ?? 0)
        .then(0)
        .else(1)
        .end(),
    )
    .orderBy(sql`length(coalesce(other.name, concepts.name))`)
    .orderBy('concepts.name')
    .orderBy('concepts.pk')
    .limit(window.limit)
    .offset(window.offset)
    .execute()
}

/** Names of an app's concepts in a language, by concept id; those without one are left out. */
export async function namesIn(
  db: Reader,
  appPk: number,
  language: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const part of inParts(ids)) {
    const rows = await db
      .selectFrom('concept_languages')
      .innerJoin('concepts', 'concepts.pk', 'concept_languages.concept_pk')
      .select(['concepts.id', 'concept_languages.name'])
      .where('concepts.app_pk', '=', appPk)
      .where('concept_languages.id', '=', language)
      .where('concepts.id', 'in', part)
      .execute()
    for (const { id, name } of rows) found.set(id, name)
  }
  return found
}
