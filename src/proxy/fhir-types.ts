// The resource types of FHIR R4 (Resource Index): the only words of a FHIR path that are no one's data.

export const fhirTypes: ReadonlySet<string> = new Set(
  [
    'Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct',
    'BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression',
    'CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage',
    'CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement',
    'DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare',
    'EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group',
    'GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan',
    'Invoice Library Linkage List Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge',
    'MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication',
    'MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged',
    'MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder',
    'Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice',
    'PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson',
    'RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule',
    'SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid',
    'SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task',
    'TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription',
  ].flatMap(line => line.split(' ')),
)

/** Operations that only compute and answer (Operations, FHIR R4, with `affectsState` false; those of Azure's FHIR service beside them). */
export const readingOperations: ReadonlySet<string> = new Set([
  ...['$everything', '$validate', '$validate-code', '$expand', '$lookup', '$translate', '$subsumes', '$find-matches', '$match'],
  ...['$lastn', '$stats', '$conforms', '$implements', '$subset', '$versions', '$docref', '$member-match', '$includes'],
  ...['$convert-data', '$data-requirements', '$populate'],
])

/** The other operations that the journal may name: of `$apply` and `$evaluate-measure`, R4 does not say that they store nothing. */
export const writingOperations: ReadonlySet<string> = new Set([
  ...['$export', '$import', '$reindex', '$bulk-delete', '$bulk-delete-soft-deleted', '$bulk-update', '$purge-history', '$process-message'],
  ...['$meta', '$meta-add', '$meta-delete', '$merge', '$status', '$submit-data', '$anonymized-export', '$transform', '$add'],
  ...['$document', '$apply', '$evaluate-measure'],
])
