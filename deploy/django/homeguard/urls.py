from django.urls import path

from . import views

# The addresses below these, such as camera-usb-streaming/stream, are nginx's: snippets/homeguard-django.conf.
urlpatterns = [
    path("camera-usb-streaming/", views.camera, name="homeguard-camera"),
    path("camera-usb-streaming/ask/watch", views.ask_watch),
    path("camera-usb-streaming/ask/change", views.ask_change),
]
