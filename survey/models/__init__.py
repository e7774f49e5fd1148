"""The tables: one module an aggregate. Importing the package registers them all."""

from survey.models.agency import Agency, AgencyLevel, AgencySuccession
from survey.models.base import Base
from survey.models.counter import Counter, CounterCode
from survey.models.fieldwork import Contact, Fieldwork, FieldWorker, FieldworkOutcome, SampledUnit, WorkerKind
from survey.models.kiosk import Kiosk
from survey.models.questionnaire import StoredQuestionnaire
from survey.models.receipt_day import ReceiptDay
from survey.models.response import Entry, Response, Trust
from survey.models.slip import SlipBatch, SlipCode
from survey.models.transactions import AgencyTransactions
from survey.models.user import Role, User
from survey.models.wave import Stream, Wave

__all__ = [
    "Agency",
    "AgencyLevel",
    "AgencySuccession",
    "AgencyTransactions",
    "Base",
    "Contact",
    "Counter",
    "CounterCode",
    "Entry",
    "FieldWorker",
    "Fieldwork",
    "FieldworkOutcome",
    "Kiosk",
    "ReceiptDay",
    "Response",
    "Role",
    "SampledUnit",
    "SlipBatch",
    "SlipCode",
    "StoredQuestionnaire",
    "Stream",
    "Trust",
    "User",
    "Wave",
    "WorkerKind",
]
