"""The words of branding that the database, the services and the API share."""

from enum import StrEnum

from backend.db.tables.branding import KitTone, LogoType

__all__ = ["BrandFont", "KitTone", "LogoType", "Section", "VoiceTone"]


class BrandFont(StrEnum):
    """Name the typefaces a kit may be set in; every one of them is free to embed."""

    INTER = "Inter"
    ROBOTO = "Roboto"
    MONTSERRAT = "Montserrat"
    OPEN_SANS = "Open Sans"
    POPPINS = "Poppins"
    LATO = "Lato"
    OSWALD = "Oswald"
    RALEWAY = "Raleway"
    NUNITO = "Nunito"
    PLAYFAIR_DISPLAY = "Playfair Display"
    MERRIWEATHER = "Merriweather"
    SOURCE_SANS_PRO = "Source Sans Pro"
    UBUNTU = "Ubuntu"
    RUBIK = "Rubik"
    WORK_SANS = "Work Sans"
    FIRA_SANS = "Fira Sans"
    BARLOW = "Barlow"
    QUICKSAND = "Quicksand"
    KARLA = "Karla"
    MULISH = "Mulish"


class VoiceTone(StrEnum):
    """Name the tone of a brand's voice: every tone of a kit, and three more."""

    COMPETITIVE = "competitive"
    CASUAL = "casual"
    EDUCATIONAL = "educational"
    COMEDIC = "comedic"
    PROFESSIONAL = "professional"
    INSPIRATIONAL = "inspirational"
    EDGY = "edgy"
    WHOLESOME = "wholesome"


class Section(StrEnum):
    """Name the parts of a kit that are replaced as a whole."""

    COLORS = "colors"
    TYPOGRAPHY = "typography"
    VOICE = "voice"
    GUIDELINES = "guidelines"
    STREAMER_ASSETS = "streamer_assets"
    SOCIAL_PROFILES = "social_profiles"
    LOGOS = "logos"
