import os
import time

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.urls import include, path


def busy(request):
    """Holds a worker, and tells which: as many different answers as there were free workers."""
    time.sleep(2)
    return HttpResponse(str(os.getpid()))


urlpatterns = [
    path("accounts/login/", LoginView.as_view()),
    path("accounts/logout/", LogoutView.as_view()),
    path("busy/", busy),
    path("vision/", include("homeguard.urls")),
]
