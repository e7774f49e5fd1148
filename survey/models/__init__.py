"""The tables: one module an aggregate. Importing the package registers them all."""

from survey.models.agency import Agency, AgencyLevel, AgencySuccession
from survey.models.base import Base
from survey.models.counter import Counter, CounterCode
from survey.models.questionnaire import StoredQuestionnaire
from survey.models.response import Response
from survey.models.transactions import AgencyTransactions
from survey.models.user import Role, User
from survey.models.wave import Stream, Wave

__all__ = [
    "Agency",
    "AgencyLevel",
    "AgencySuccession",
    "AgencyTransactions",
    "Base",
    "Counter",
    "CounterCode",
    "Response",
    "Role",
    "StoredQuestionnaire",
    "Stream",
    "User",
    "Wave",
]
