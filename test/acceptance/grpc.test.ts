// The static gRPC client, with two users: accounts, keys and their scopes, sharing, and the changes of concepts, models
// and workflows that the other clients have no call for.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { call, keyMetadata, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { makeDataDir, PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const APP = 'grpc-app'
const FRIEND = 'friend'
const SUCCESS = 10000
const HEX32 = /^[0-9a-f]{32}$/

const dataDir = makeDataDir()
const made = await runLimpid(['users', 'create', FRIEND, '--public'], { LIMPID_DATA_DIR: dataDir }).ended
const friendPat = made.stdout.trim()
const login = { email: 'tester@shop.example', password: 'long horses jump 42 fences' }
const limpid = await startLimpid({
  dataDir,
  env: { LIMPID_EMAIL: login.email, LIMPID_PASSWORD: login.password },
})
const client = staticClient(limpid)
after(async () => {
  client.close()
  await limpid[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})
const friend = keyMetadata(friendPat)
const ok = <T extends { toObject(): { status?: { code: number; details: string } } }>(
  answer: T,
): ReturnType<T['toObject']> => {
  const object = answer.toObject()
  assert.equal(object.status?.code, SUCCESS, object.status?.details)
  return object as ReturnType<T['toObject']>
}
const codeOf = (answer: { toObject(): { status?: { code: number } } }): number => answer.toObject().status!.code

before(async () => {
  assert.match(friendPat, HEX32, made.stderr)
  const app = new resources.App().setId(APP).setDefaultWorkflowId('Empty')
  ok(await call(client, client.postApps, new service.PostAppsRequest().setUserAppId(userApp('')).setAppsList([app])))
})

describe('users', () => {
  test('getUser: "me" with the private part, others with the public part only, the hidden not at all', async () => {
    const get = (id: string, as = keyMetadata()) =>
      call(client, client.getUser, new service.GetUserRequest().setUserAppId(userApp('', id)), as)
    assert.equal(ok(await get('me')).user?.id, USER)
    assert.equal(ok(await get(FRIEND)).user?.id, FRIEND)
    assert.equal(ok(await get(FRIEND)).user?.userDetail, undefined)
    assert.notEqual(ok(await get('me', friend)).user?.userDetail, undefined)
    assert.equal(codeOf(await get(USER, friend)), 11101)
    assert.equal(codeOf(await get('nobody')), 11101)
  })
})

describe('keys and scopes', () => {
  const wanted = (...scopes: string[]) =>
    new resources.Key()
      .setDescription('made by a test')
      .setScopesList(scopes)
      .setAppsList([new resources.App().setId(APP).setUserId(USER)])
  const post = (key: ReturnType<typeof wanted>) =>
    call(client, client.postKeys, new service.PostKeysRequest().setUserAppId(userApp('', 'me')).setKeysList([key]))
  const shortPath = new service.ListConceptsRequest()
  let secret = ''

  test('postKeys makes an app key that needs no user and app, and does what its scopes let it', async () => {
    const [key] = ok(await post(wanted('Apps_Get', 'Concepts_Get', 'Models_Get', 'Workflows_Get'))).keysList
    assert.match(key!.id, HEX32)
    secret = key!.id
    ok(await call(client, client.listConcepts, shortPath, keyMetadata(secret)))
    const concept = new service.PostConceptsRequest().setConceptsList([new resources.Concept().setId('x')])
    const { status } = (await call(client, client.postConcepts, concept, keyMetadata(secret))).toObject()
    assert.equal(status?.code, 11007)
    assert.match(status!.details, /Concepts_Add/)
  })

  test('an app key is refused where a token is needed', async () => {
    const request = new service.ListAppsRequest().setUserAppId(userApp('', 'me'))
    assert.notEqual(codeOf(await call(client, client.listApps, request, keyMetadata(secret))), SUCCESS)
  })

  test('postKeys refuses keys that could not work', async () => {
    assert.equal(codeOf(await post(wanted())), 11102)
    assert.equal(codeOf(await post(wanted('Concepts_Add'))), 11102)
    assert.equal(codeOf(await post(wanted('No_Such_Scope'))), 11102)
    assert.equal(codeOf(await post(wanted('All').setAppsList([]))), 11102)
  })

  test('myScopes, myScopesUser and myScopesRoot tell what the presented key may do', async () => {
    const as = keyMetadata(secret)
    const mine = ok(await call(client, client.myScopes, new service.MyScopesRequest(), as))
    assert.deepEqual(mine.scopesList.toSorted(), ['Apps_Get', 'Concepts_Get', 'Models_Get', 'Workflows_Get'])
    assert.equal(mine.app?.id, APP)
    const root = new service.MyScopesRootRequest()
    assert.deepEqual(ok(await call(client, client.myScopesRoot, root)).scopesList, ['All'])
    assert.equal(codeOf(await call(client, client.myScopesRoot, root, as)), 11008)
    const user = new service.MyScopesUserRequest().setUserAppId(userApp('', 'me'))
    assert.deepEqual(ok(await call(client, client.myScopesUser, user)).scopesList, ['All'])
  })

  test('getKey, listKeys and listAppKeys find it, patchKeys changes it, deleteKey ends it', async () => {
    const get = new service.GetKeyRequest().setUserAppId(userApp('', 'me')).setKeyId(secret)
    const { key } = ok(await call(client, client.getKey, get))
    assert.equal(key?.description, 'made by a test')
    const list = new service.ListKeysRequest().setUserAppId(userApp('', 'me'))
    assert.ok(ok(await call(client, client.listKeys, list)).keysList.some(({ id }) => id === key!.id))
    const appList = new service.ListAppKeysRequest().setUserAppId(userApp(APP))
    assert.deepEqual(
      ok(await call(client, client.listAppKeys, appList)).keysList.map(({ id }) => id),
      [key!.id],
    )
    const patch = new service.PatchKeysRequest()
      .setUserAppId(userApp('', 'me'))
      .setKeysList([new resources.Key().setId(key!.id).setScopesList(['All'])])
      .setAction('overwrite')
    ok(await call(client, client.patchKeys, patch))
    const concept = new service.PostConceptsRequest().setConceptsList([new resources.Concept().setId('by-key')])
    ok(await call(client, client.postConcepts, concept, keyMetadata(secret)))
    const remove = new service.DeleteKeyRequest().setUserAppId(userApp('', 'me')).setKeyId(key!.id)
    ok(await call(client, client.deleteKey, remove))
    assert.equal(codeOf(await call(client, client.listConcepts, shortPath, keyMetadata(secret))), 11009)
    assert.equal(codeOf(await call(client, client.getKey, get)), 11101)
  })
})

describe('a session', () => {
  test('opens with e-mail and password only, and reaches what is closed to keys', async () => {
    const wrong = await send(limpid.url, 'POST', '/v2/login', { key: null, body: { ...login, password: 'guessed' } })
    assert.deepEqual([wrong.http, wrong.body.session_token], [401, undefined])
    const { http, body, text } = await send(limpid.url, 'POST', '/v2/login', { key: null, body: login })
    assert.deepEqual([http, body.v2_user_id], [200, USER], text)
    const session = new Metadata()
    session.set('x-clarifai-session-token', String(body.session_token))

    const scopes = new service.ListScopesRequest().setUserAppId(userApp('', 'me'))
    const { scopeDepsList } = ok(await call(client, client.listScopes, scopes, session))
    const add = scopeDepsList.find(({ scope }) => scope === 'Concepts_Add')
    assert.ok(add?.dependingScopesList.includes('Concepts_Get'))
    assert.notEqual(codeOf(await call(client, client.listScopes, scopes)), SUCCESS)

    const check = (plaintext: string) => {
      const password = new resources.Password().setPlaintext(plaintext)
      return call(
        client,
        client.postValidatePassword,
        new service.PostValidatePasswordRequest().setUserAppId(userApp('', 'me')).setPassword(password),
        session,
      )
    }
    const weak = (await check('12345678')).toObject()
    assert.deepEqual([weak.status?.code, weak.passwordViolations?.noSimplePasswords], [61001, true])
    assert.equal(codeOf(await check('Seven-purple-kettles-sing-93')), 61000)
  })
})

describe('collaborators', () => {
  const getApp = () =>
    call(client, client.getApp, new service.GetAppRequest().setUserAppId(userApp(APP)), friend).then(codeOf)
  const postConcept = (id: string) => {
    const concepts = [new resources.Concept().setId(id)]
    const request = new service.PostConceptsRequest().setUserAppId(userApp(APP)).setConceptsList(concepts)
    return call(client, client.postConcepts, request, friend).then(codeOf)
  }
  let id = ''

  test('a stranger does not even see the app', async () => {
    assert.equal(await getApp(), 11101)
    assert.equal(await postConcept('stranger'), 11101)
  })

  test('postCollaborators lets somebody in, as far as the scopes go', async () => {
    const guest = new resources.Collaborator()
      .setUser(new resources.User().setId(FRIEND))
      .setScopesList(['Apps_Get', 'Concepts_Get', 'Workflows_Get'])
    const request = new service.PostCollaboratorsRequest().setUserAppId(userApp(APP)).setCollaboratorsList([guest])
    const { collaboratorsList } = ok(await call(client, client.postCollaborators, request))
    id = collaboratorsList[0]!.id
    assert.equal(collaboratorsList[0]!.user?.id, FRIEND)
    assert.equal(await getApp(), SUCCESS)
    assert.equal(await postConcept('guest'), 11007)
  })

  test('listCollaborators and listCollaborations show it from both sides', async () => {
    const here = new service.ListCollaboratorsRequest().setUserAppId(userApp(APP))
    const { collaboratorsList, appOwner } = ok(await call(client, client.listCollaborators, here))
    assert.deepEqual(
      collaboratorsList.map(({ user }) => user?.id),
      [FRIEND],
    )
    assert.equal(appOwner?.id, USER)
    const there = new service.ListCollaborationsRequest().setUserAppId(userApp('', 'me'))
    const { collaborationsList } = ok(await call(client, client.listCollaborations, there, friend))
    assert.deepEqual(
      collaborationsList.map(({ app, appOwner: owner }) => [app?.id, owner?.id]),
      [[APP, USER]],
    )
  })

  test('patchCollaborators widens it, guests cannot invite, deleteCollaborators ends it', async () => {
    const wider = new resources.Collaborator()
      .setId(id)
      .setScopesList(['Apps_Get', 'Concepts_Get', 'Concepts_Add', 'Workflows_Get'])
    const patch = new service.PatchCollaboratorsRequest()
      .setUserAppId(userApp(APP))
      .setCollaboratorsList([wider])
      .setAction('overwrite')
    ok(await call(client, client.patchCollaborators, patch))
    assert.equal(await postConcept('by-guest'), SUCCESS)
    const invite = new service.PostCollaboratorsRequest()
      .setUserAppId(userApp(APP))
      .setCollaboratorsList([new resources.Collaborator().setUser(new resources.User().setId(USER))])
    assert.notEqual(codeOf(await call(client, client.postCollaborators, invite, friend)), SUCCESS)
    const remove = new service.DeleteCollaboratorsRequest().setUserAppId(userApp(APP)).setCollaboratorIdsList([id])
    ok(await call(client, client.deleteCollaborators, remove))
    assert.equal(await getApp(), 11101)
  })
})

describe('what the server says about itself', () => {
  test('listStatusCodes, getStatusCode, listOpenSourceLicenses need no key', async () => {
    const nobody = keyMetadata(null)
    const list = ok(await call(client, client.listStatusCodes, new service.ListStatusCodesRequest(), nobody))
    assert.ok(
      list.statusesList.some(({ code, description }) => code === 21200 && description === 'Model does not exist'),
    )
    const get = (id: string) =>
      call(client, client.getStatusCode, new service.GetStatusCodeRequest().setStatusCodeId(id), nobody)
    assert.equal(codeOf(await get('21200')), 21200)
    assert.equal(codeOf(await get('12345678')), 11101)
    const licences = new service.ListOpenSourceLicensesRequest()
    const { licensesList } = ok(await call(client, client.listOpenSourceLicenses, licences, nobody))
    assert.ok(licensesList.includes('Apache-2.0'))
  })

  test('getResourceCounts counts what an app holds', async () => {
    const request = new service.GetResourceCountsRequest().setUserAppId(userApp(APP))
    const { models, workflows, inputs } = ok(await call(client, client.getResourceCounts, request))
    assert.deepEqual([models, workflows, inputs], [0, 1, 0])
  })

  test('listModelTypes and getModelType describe the fields of a type', async () => {
    const list = new service.ListModelTypesRequest().setUserAppId(userApp(APP))
    const { modelTypesList } = ok(await call(client, client.listModelTypes, list))
    const types = modelTypesList.map(({ id }) => id)
    for (const id of ['visual-classifier', 'embedding-classifier', 'concept-thresholder']) assert.ok(types.includes(id))
    const get = (id: string) =>
      call(client, client.getModelType, new service.GetModelTypeRequest().setUserAppId(userApp(APP)).setModelTypeId(id))
    assert.deepEqual(ok(await get('visual-classifier')).modelType?.inputFieldsList, ['image'])
    assert.equal(codeOf(await get('nothing')), 11101)
  })
})

describe('concept languages', () => {
  test('postConceptLanguages, getConceptLanguage, patchConceptLanguages, listConceptLanguages', async () => {
    const post = new service.PostConceptsRequest()
      .setUserAppId(userApp(APP))
      .setConceptsList([new resources.Concept().setId('dog')])
    ok(await call(client, client.postConcepts, post))
    const german = (name: string) => [new resources.ConceptLanguage().setId('de').setName(name)]
    const add = new service.PostConceptLanguagesRequest()
      .setUserAppId(userApp(APP))
      .setConceptId('dog')
      .setConceptLanguagesList(german('Hunt'))
    ok(await call(client, client.postConceptLanguages, add))
    assert.equal(codeOf(await call(client, client.postConceptLanguages, add)), 40003)
    const patch = new service.PatchConceptLanguagesRequest()
      .setUserAppId(userApp(APP))
      .setConceptId('dog')
      .setConceptLanguagesList(german('Hund'))
      .setAction('overwrite')
    ok(await call(client, client.patchConceptLanguages, patch))
    const get = new service.GetConceptLanguageRequest().setUserAppId(userApp(APP)).setConceptId('dog').setLanguage('de')
    assert.equal(ok(await call(client, client.getConceptLanguage, get)).conceptLanguage?.name, 'Hund')
    const list = new service.ListConceptLanguagesRequest().setUserAppId(userApp(APP)).setConceptId('dog')
    const { conceptLanguagesList } = ok(await call(client, client.listConceptLanguages, list))
    assert.ok(conceptLanguagesList.some(({ id, name }) => id === 'de' && name === 'Hund'))
    const search = new service.PostConceptsSearchesRequest()
      .setUserAppId(userApp(APP))
      .setConceptQuery(new resources.ConceptQuery().setName('Hun*').setLanguage('de'))
    assert.deepEqual(
      ok(await call(client, client.postConceptsSearches, search)).conceptsList.map(({ id }) => id),
      ['dog'],
    )
  })
})

describe('models and workflows change', () => {
  const model = 'threshold'
  const ofModel = <T extends { setUserAppId(ids: unknown): T; setModelId(id: string): T }>(request: T): T =>
    request.setUserAppId(userApp(APP)).setModelId(model)
  let version = ''

  test('patchModels, patchModelIds with a redirect of the old id, model tags', async () => {
    const made = new resources.Model().setId('old-name').setModelTypeId('concept-thresholder')
    ok(
      await call(
        client,
        client.postModels,
        new service.PostModelsRequest().setUserAppId(userApp(APP)).setModelsList([made]),
      ),
    )
    const patch = new service.PatchModelsRequest()
      .setUserAppId(userApp(APP))
      .setModelsList([new resources.Model().setId('old-name').setDescription('only what is sure')])
      .setAction('overwrite')
    ok(await call(client, client.patchModels, patch))
    const rename = new service.PatchModelIdsRequest()
      .setUserAppId(userApp(APP))
      .setIdsList([new service.IdUpdateSource().setId('old-name').setNewId(model)])
      .setAction('overwrite')
    ok(await call(client, client.patchModelIds, rename))
    const get = (id: string) =>
      call(client, client.getModel, new service.GetModelRequest().setUserAppId(userApp(APP)).setModelId(id))
    assert.equal(ok(await get(model)).model?.description, 'only what is sure')
    const { status } = (await get('old-name')).toObject()
    assert.equal(status?.code, 10050)
    assert.equal(status?.redirectInfo?.newResourceId, model)
    const cases = new service.PatchModelUseCasesRequest()
      .setUserAppId(userApp(APP))
      .setModelId(model)
      .setUsecasesList(['classification'])
      .setAction('overwrite')
    assert.deepEqual(ok(await call(client, client.patchModelUseCases, cases)).usecasesList, ['classification'])
  })

  test('postModelVersions, patchModelVersions, getModelVersion, publishing', async () => {
    const post = ofModel(new service.PostModelVersionsRequest()).setModelVersionsList([new resources.ModelVersion()])
    version = ok(await call(client, client.postModelVersions, post)).model!.modelVersion!.id
    assert.match(version, HEX32)
    const patch = ofModel(new service.PatchModelVersionsRequest())
      .setModelVersionsList([new resources.ModelVersion().setId(version).setDescription('patched')])
      .setAction('merge')
    ok(await call(client, client.patchModelVersions, patch))
    const get = ofModel(new service.GetModelVersionRequest()).setVersionId(version)
    assert.equal(ok(await call(client, client.getModelVersion, get)).modelVersion?.description, 'patched')
    const gettable = async () => ok(await call(client, client.getModelVersion, get)).modelVersion?.visibility?.gettable
    const publications = [new service.ModelVersionPublishRequest().setVersionId(version)]
    ok(
      await call(
        client,
        client.postModelVersionsPublish,
        ofModel(new service.PostModelVersionsPublishRequest()).setPublicationsList(publications),
      ),
    )
    assert.equal(await gettable(), 50)
    ok(
      await call(
        client,
        client.postModelVersionsUnPublish,
        ofModel(new service.PostModelVersionsUnPublishRequest()).setPublicationsList([
          new service.ModelVersionUnpublishRequest().setVersionId(version),
        ]),
      ),
    )
    assert.equal(await gettable(), 10)
  })

  test('patchWorkflows makes a new version when nodes change; versions are listed, patched, deleted', async () => {
    const node = (id: string, modelId: string, ...from: string[]) =>
      new resources.WorkflowNode()
        .setId(id)
        .setModel(new resources.Model().setId(modelId))
        .setNodeInputsList(from.map((nodeId) => new resources.NodeInput().setNodeId(nodeId)))
    const workflow = new resources.Workflow()
      .setId('flow')
      .setNodesList([node('sure', model, 'tags'), node('tags', 'general-image-recognition')])
    const post = new service.PostWorkflowsRequest().setUserAppId(userApp(APP)).setWorkflowsList([workflow])
    const [made] = ok(await call(client, client.postWorkflows, post)).workflowsList
    assert.deepEqual(
      made!.nodesList.map(({ id }) => id),
      ['tags', 'sure'],
    )
    const patch = new service.PatchWorkflowsRequest()
      .setUserAppId(userApp(APP))
      .setWorkflowsList([
        new resources.Workflow().setId('flow').setNodesList([node('only', 'general-image-embedding')]),
      ])
      .setAction('overwrite')
    ok(await call(client, client.patchWorkflows, patch))
    const list = new service.ListWorkflowVersionsRequest().setUserAppId(userApp(APP)).setWorkflowId('flow')
    const { workflowVersionsList } = ok(await call(client, client.listWorkflowVersions, list))
    assert.deepEqual(
      workflowVersionsList.map(({ nodesList }) => nodesList.map(({ id }) => id)),
      [['only'], ['tags', 'sure']],
    )
    const [newest, first] = workflowVersionsList
    const change = new service.PatchWorkflowVersionsRequest()
      .setUserAppId(userApp(APP))
      .setWorkflowId('flow')
      .setWorkflowVersionsList([new resources.WorkflowVersion().setId(newest!.id).setDescription('embeds')])
      .setAction('overwrite')
    ok(await call(client, client.patchWorkflowVersions, change))
    const get = (id: string) => {
      const request = new service.GetWorkflowVersionRequest().setUserAppId(userApp(APP)).setWorkflowId('flow')
      return call(client, client.getWorkflowVersion, request.setWorkflowVersionId(id))
    }
    assert.equal(ok(await get(newest!.id)).workflowVersion?.description, 'embeds')
    const remove = new service.DeleteWorkflowVersionsRequest()
      .setUserAppId(userApp(APP))
      .setWorkflowId('flow')
      .setWorkflowVersionIdsList([first!.id])
    ok(await call(client, client.deleteWorkflowVersions, remove))
    assert.notEqual(codeOf(await get(first!.id)), SUCCESS)
  })

  test('graphs that make no sense are refused', async () => {
    const node = (id: string, from: string) =>
      new resources.WorkflowNode()
        .setId(id)
        .setModel(new resources.Model().setId('general-image-recognition'))
        .setNodeInputsList([new resources.NodeInput().setNodeId(from)])
    const post = (...nodes: ReturnType<typeof node>[]) => {
      const workflow = new resources.Workflow().setId('broken').setNodesList(nodes)
      return call(
        client,
        client.postWorkflows,
        new service.PostWorkflowsRequest().setUserAppId(userApp(APP)).setWorkflowsList([workflow]),
      ).then(codeOf)
    }
    assert.equal(await post(node('a', 'b'), node('b', 'a')), 22107)
    assert.notEqual(await post(node('a', 'nowhere')), SUCCESS)
    assert.notEqual(await post(node('a', ''), node('a', '')), SUCCESS)
  })

  test('the token of one user does not reach the app of another', async () => {
    const list = new service.ListModelsRequest().setUserAppId(userApp(APP))
    assert.equal(codeOf(await call(client, client.listModels, list, friend)), 11101)
    assert.equal(codeOf(await call(client, client.listModels, list, keyMetadata(PAT))), SUCCESS)
  })
})
