// The one door to @medplum, whose modules fail to load on Node 20 unless the stand-in for WebSocket is there before them.
import './web-socket.ts'

export type { FhirPathAtom, Filter, Operation, SearchRequest, TypedValue, WithId } from '@medplum/core'
export {
  applyPatch,
  deepClone,
  evalFhirPathTyped,
  fhirpathPatchTypedValue,
  getDataType,
  getSearchParameters,
  getStatus,
  globalSchema,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  OperationOutcomeError,
  parseFhirPath,
  parseFhirPathPatchParameters,
  parseSearchRequest,
  splitSearchOnComma,
  toPeriod,
  toTypedValue,
  validateResource,
} from '@medplum/core'
export { FhirRepository, getExtraEntries } from '@medplum/fhir-router'
