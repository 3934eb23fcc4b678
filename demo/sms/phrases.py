"""What sockets write, in Russian and in English; nobody knows for sure what real ones do. Pure."""

from collections.abc import Mapping

_OUTLET: Mapping[str, Mapping[bool, str]] = {
    "en": {True: "Socket output: ON", False: "Socket output: OFF"},
    "ru": {True: "Розетка включена", False: "Розетка выключена"},
}
_LINE: Mapping[str, Mapping[bool, str]] = {
    "en": {True: "Line {line}: ON", False: "Line {line}: OFF"},
    "ru": {True: "Линия {line}: вкл", False: "Линия {line}: выкл"},
}
_TIMER = {"en": "Timer: {minutes} min", "ru": "Таймер: {minutes} мин"}
_SIGNAL = {"en": "GSM signal: {level}", "ru": "Уровень сигнала GSM: {level}"}
_MAINS: Mapping[str, Mapping[bool, str]] = {
    "en": {True: "AC power restored", False: "AC power lost!"},
    "ru": {True: "Внешнее питание восстановлено", False: "Пропало внешнее питание"},
}
_USERS = {"en": "Users: {many}", "ru": "Пользователей: {many}"}

WELCOME = {
    "en": "Welcome to use GSM Power Socket.\nYour Password is:1234",
    "ru": "Администратор зарегистрирован",
}
TAKEN = {"en": "The master user already exists.", "ru": "Номер уже зарегистрирован"}
DENIED = {"en": "No authorisation user", "ru": "Нет доступа"}
INVALID = {
    "en": "Invalid format, please check and try again later",
    "ru": "Неверный формат команды",
}
DONE = {"en": "OK", "ru": "Выполнено"}
NOTHING_SET = {"en": "Function OFF", "ru": "Функция не задана"}


def outputs(language: str, lines: Mapping[int, bool], many: int) -> str:
    """Say which lines are on; a socket that has one alone does not name it."""
    if many == 1:
        return "".join(_OUTLET[language][on] for on in lines.values())
    return "\n".join(_LINE[language][on].format(line=line) for line, on in lines.items())


def timer(language: str, minutes: int) -> str:
    return _TIMER[language].format(minutes=minutes)


def signal(language: str, level: int) -> str:
    return _SIGNAL[language].format(level=level)


def mains(language: str, is_there: bool) -> str:
    return _MAINS[language][is_there]


def users(language: str, many: int) -> str:
    return _USERS[language].format(many=many)
