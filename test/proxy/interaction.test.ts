// What a request does is told from method and path, as the service would read them; nothing of anybody's data stands in the template.
import t from 'tap'
import { classify } from '../../src/proxy/interaction.ts'
import { permits } from '../../src/terms/interaction.ts'
import { seeded } from '../fixtures/seeded.ts'

type Row = [request: string, name: string, reads: boolean, template: string]

const holds = (kind: 'fhir' | 'dicom', rows: Row[]) =>
  t.test(`${kind}: method and path tell the interaction`, async t => {
    for (const [request, name, reads, template] of rows) {
      const [method = '', rest = ''] = request.split(' ')
      const { group: _group, ...found } = classify(kind, method, rest)
      t.strictSame(found, { name, reads, template }, request)
    }
  })

holds('fhir', [
  ['GET /Patient/123', 'read', true, '/Patient/{id}'],
  ['HEAD /Patient/123', 'read', true, '/Patient/{id}'],
  ['GET /Patient/123/_history/7', 'read', true, '/Patient/{id}/_history/{version}'],
  ['GET /Patient?name=Chalmers', 'search', true, '/Patient'],
  ['GET /?_type=Patient', 'search', true, '/'],
  ['GET ', 'search', true, '/'],
  ['GET /Patient/123/Observation?code=1', 'search', true, '/Patient/{id}/Observation'],
  ['GET /Patient/123/*', 'search', true, '/Patient/{id}/*'],
  ['POST /Patient/_search', 'search', true, '/Patient/_search'],
  ['POST /_search', 'search', true, '/_search'],
  ['POST /Patient/123/Observation/_search', 'search', true, '/Patient/{id}/Observation/_search'],
  ['GET /Patient/_history', 'history', true, '/Patient/_history'],
  ['GET /Patient/123/_history', 'history', true, '/Patient/{id}/_history'],
  ['GET /metadata', 'capabilities', true, '/metadata'],
  ['GET /.well-known/smart-configuration', 'capabilities', true, '/.well-known/smart-configuration'],
  ['POST /Patient', 'create', false, '/Patient'],
  ['PUT /Patient/123', 'update', false, '/Patient/{id}'],
  ['PUT /Patient?identifier=1', 'update', false, '/Patient'],
  ['PATCH /Patient/123', 'patch', false, '/Patient/{id}'],
  ['DELETE /Patient/123?_hardDelete=true', 'delete', false, '/Patient/{id}'],
  ['DELETE /Patient?identifier=1', 'delete', false, '/Patient'],
  ['POST /', 'transaction', false, '/'],
  ['POST ', 'transaction', false, '/'],
  ['GET /Patient/123/$everything', '$everything', true, '/Patient/{id}/$everything'],
  ['POST /Patient/$validate', '$validate', true, '/Patient/$validate'],
  ['GET /$export', '$export', false, '/$export'],
  ['GET /%24export', '$export', false, '/$export'],
  ['GET /$EXPORT', '$export', false, '/$export'],
  ['GET /Group/7/$export?_type=Patient', '$export', false, '/Group/{id}/$export'],
  ['DELETE /Patient/$bulk-delete', '$bulk-delete', false, '/Patient/$bulk-delete'],
  ['DELETE /Patient/123/$everything', '$everything', false, '/Patient/{id}/$everything'],
  ['DELETE /Patient/123/$purge-history', '$purge-history', false, '/Patient/{id}/$purge-history'],
  ['GET /Composition/1/$document', '$document', false, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=true', '$document', false, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=false', '$document', true, '/Composition/{id}/$document'],
  ['HEAD /Composition/1/$document?_format=json&persist=false', '$document', true, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=false&persist=true', '$document', false, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=false&PERSIST=true', '$document', false, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=false&%70ersist=true', '$document', false, '/Composition/{id}/$document'],
  ['GET /Composition/1/$document?persist=false;persist=true', '$document', false, '/Composition/{id}/$document'],
  ['POST /Composition/1/$document?persist=false', '$document', false, '/Composition/{id}/$document'],
  ['POST /PlanDefinition/1/$apply', '$apply', false, '/PlanDefinition/{id}/$apply'],
  ['GET /Measure/1/$evaluate-measure', '$evaluate-measure', false, '/Measure/{id}/$evaluate-measure'],
  ['GET /Patient/$own-idea', '$own-idea', false, '/Patient/{operation}'],
  ['GET /_operations/export/8f2', 'read', true, '/_operations/export/{id}'],
  ['DELETE /_operations/export/8f2', 'other', false, '/_operations/export/{id}'],
  ['GET /Chalmers/Peter', 'read', true, '/{id}/{id}'],
  ['GET /Patient/Smith%2DJones', 'read', true, '/Patient/{id}'],
  ['GET /a/b/c/d/e/f/g/h/i/j/k/l/m', 'other', true, '/{…}'],
  ['DELETE /a/b/c/d/e/f/g/h/i/j/k/l/m', 'other', false, '/{…}'],
  ['POST /Patient/$purge-history/_search', '$purge-history', false, '/Patient/$purge-history/_search'],
  ['PUT /metadata', 'update', false, '/metadata'],
  ['POST /.well-known/metadata', 'create', false, '/.well-known/metadata'],
  ['DELETE /Patient/_search', 'delete', false, '/Patient/_search'],
  ['PUT /_search', 'update', false, '/_search'],
  ['DELETE /Patient/_history', 'delete', false, '/Patient/_history'],
  ['PURGE /Patient/123', 'other', false, '/Patient/{id}'],
])

holds('dicom', [
  ['GET /studies?PatientName=Chalmers', 'search', true, '/studies'],
  ['GET /studies/1.2.3', 'retrieve', true, '/studies/{study}'],
  ['GET /studies/1.2.3/metadata', 'retrieve', true, '/studies/{study}/metadata'],
  ['GET /studies/1.2.3/series', 'search', true, '/studies/{study}/series'],
  ['GET /studies/1.2.3/series/4.5/instances', 'search', true, '/studies/{study}/series/{series}/instances'],
  [
    'GET /studies/1/series/2/instances/3/frames/1,2',
    'retrieve',
    true,
    '/studies/{study}/series/{series}/instances/{instance}/frames/{frames}',
  ],
  ['GET /studies/1/series/2/instances/3/rendered', 'retrieve', true, '/studies/{study}/series/{series}/instances/{instance}/rendered'],
  ['GET /series?Modality=CT', 'search', true, '/series'],
  ['POST /studies', 'store', false, '/studies'],
  ['POST /studies/1.2.3', 'store', false, '/studies/{study}'],
  ['PUT /studies', 'store', false, '/studies'],
  ['DELETE /studies/1.2.3', 'delete-study', false, '/studies/{study}'],
  ['DELETE /STUDIES/1.2.3', 'delete-study', false, '/studies/{study}'],
  ['DELETE /studies/1/series/2', 'delete-series', false, '/studies/{study}/series/{series}'],
  ['DELETE /studies/1/series/2/instances/3', 'delete-instance', false, '/studies/{study}/series/{series}/instances/{instance}'],
  ['DELETE /studies', 'delete', false, '/studies'],
  ['POST /studies/$bulkUpdate', 'update', false, '/studies/$bulkupdate'],
  ['DELETE /partitions/clinic-7/studies/1.2.3', 'delete-study', false, '/partitions/{partition}/studies/{study}'],
  ['POST /partitions/clinic-7/studies', 'store', false, '/partitions/{partition}/studies'],
  ['GET /partitions', 'read', true, '/partitions'],
  ['GET /changefeed/latest', 'read', true, '/changefeed/latest'],
  ['GET /operations/8f2', 'read', true, '/operations/{id}'],
  ['POST /extendedquerytags', 'create', false, '/extendedquerytags'],
  ['DELETE /extendedquerytags/00100010', 'delete', false, '/extendedquerytags/{tag}'],
  ['POST /export', 'export', false, '/export'],
  ['POST /workitems', 'create', false, '/workitems'],
  ['PUT /workitems/1.2/state', 'update', false, '/workitems/{workitem}/state'],
  ['GET /workitems/1.2', 'read', true, '/workitems/{workitem}'],
  ['GET /Chalmers', 'read', true, '/{id}'],
  ['PATCH /studies/1.2.3', 'other', false, '/studies/{study}'],
  ['POST /studies/1/series/2', 'other', false, '/studies/{study}/series/{series}'],
  ['PURGE /changefeed', 'other', false, '/changefeed'],
])

t.test('a rule names interactions, whole groups, or all that reads', async t => {
  const passes = (access: string[], kind: 'fhir' | 'dicom', request: string) => {
    const [method = '', rest = ''] = request.split(' ')
    return permits(access, classify(kind, method, rest))
  }
  t.ok(passes(['read-only'], 'fhir', 'GET /Patient'))
  t.notOk(passes(['read-only'], 'fhir', 'GET /$export'), 'an export copies everything to another place')
  t.ok(passes(['read-only', '$export'], 'fhir', 'GET /$export'))
  t.ok(passes(['operation'], 'fhir', 'POST /Patient/$anything'))
  t.notOk(passes(['read', 'create'], 'fhir', 'POST /'), 'nobody knows what a Bundle does')
  t.ok(passes(['delete-study'], 'dicom', 'DELETE /studies/1'))
  t.notOk(passes(['delete-study'], 'dicom', 'DELETE /studies/1/series/2'))
  t.ok(passes(['delete'], 'dicom', 'DELETE /studies/1/series/2'))
  t.notOk(passes(['read-only'], 'dicom', 'POST /studies'))
  t.notOk(passes([], 'dicom', 'GET /studies'))
})

t.test('whatever stands in a path, its template holds words of the standards only', async t => {
  const { integer, pick } = seeded(6)
  const words = ['Patient', 'studies', 'series', '$everything', '$', '_history', 'metadata', '%24x', 'frames', '*', '_operations', '']
  const allowed = /^\/(?:(?:[A-Za-z]+|[_$.][a-z.-]+[A-Za-z-]*|\*|\{[a-z…]+\})(?:\/|$))*$/
  for (let round = 0; round < 20_000; round++) {
    const secret = `Chalmers${integer(1e9)}`
    const segments = Array.from({ length: integer(8) }, () => (integer(2) ? pick(words) : secret))
    const { template } = classify(
      pick(['fhir', 'dicom'] as const),
      pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']),
      `/${segments.join('/')}?name=${secret}`,
    )
    if (template.includes('Chalmers') || !allowed.test(template)) t.fail(template)
  }
  t.pass('20,000 paths')
})
