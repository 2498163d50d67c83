"""The page with the camera, and the answer to nginx's question who may see it.

Nothing here touches the camera or its pictures: HomeGuard's camera service alone opens the device, and nginx takes the pictures from
HomeGuard's gateway. A worker answers one short request for each viewer that comes, and is free again.
"""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache


def may_watch(user):
    """Who sees the camera. For some users only, write: return user.has_perm("auth.view_camera"), or whatever fits your site."""
    return user.is_authenticated


def may_change(user):
    """Who may turn the camera's knobs, and switch it off."""
    return user.is_staff


@never_cache
@login_required
def camera(request):
    """The page. Who is not logged in is led to the login."""
    if not may_watch(request.user):
        raise PermissionDenied
    return render(request, "homeguard/camera.html")


@never_cache
def ask_watch(request):
    """nginx asks before each stream, snapshot, WebSocket and list of cameras."""
    return _answer(request.user, may_watch)


@never_cache
def ask_change(request):
    """nginx asks before each change."""
    return _answer(request.user, may_change)


def _answer(user, may):
    """204 lets nginx go on; with 401 and 403 it answers the browser so itself (ngx_http_auth_request_module)."""
    if may(user):
        return HttpResponse(status=204)
    return HttpResponse(status=403 if user.is_authenticated else 401)
