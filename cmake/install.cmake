# What `cmake --install` puts where, beside the programs (each with its target): the C library with its headers, NVTX's injection library,
# completions, documents. Nothing that is installed names a path of the build: a unit's paths are set as it is installed, by the prefix of then.
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATADIR}/nodewatt)

install(TARGETS nodewatt_shared nodewatt_nvtx LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS nw_client ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/nodewatt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(CODE "
  set(text \"prefix=\${CMAKE_INSTALL_PREFIX}
libdir=\\\${prefix}/${CMAKE_INSTALL_LIBDIR}
includedir=\\\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}

Name: nodewatt
Description: phases and work of a measured program, for nodewatt
Version: ${PROJECT_VERSION}
Libs: -L\\\${libdir} -lnodewatt
Cflags: -I\\\${includedir}
\")
  file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/nodewatt.pc\" \"\${text}\")")

# Completions are written by the program itself, so that they are of this version.
foreach(place bash:bash-completion/completions/nodewatt zsh:zsh/site-functions/_nodewatt fish:fish/vendor_completions.d/nodewatt.fish)
  string(REGEX MATCH "^([a-z]+):(.*)/([^/]+)$" found ${place})
  set(folder ${CMAKE_INSTALL_DATADIR}/${CMAKE_MATCH_2})
  install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${folder}\")
  file(MAKE_DIRECTORY \"\${folder}\")
  execute_process(COMMAND $<TARGET_FILE:nodewatt> completion ${CMAKE_MATCH_1} OUTPUT_FILE \"\${folder}/${CMAKE_MATCH_3}\" COMMAND_ERROR_IS_FATAL ANY)")
endforeach()

file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${documents} README.md CHANGELOG.md LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/schema DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Units and hooks say where the programs are: written for /usr, and changed to the prefix that they are installed to.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/systemd DESTINATION ${share} PATTERN "*.service" EXCLUDE)
foreach(file systemd/nodewattd.service systemd/nodewatt-ipmi.service slurm/prolog.sh slurm/epilog.sh slurm/slurm.conf.example)
  install(CODE "
  set(installed \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${share}/${file}\")
  file(READ \"${PROJECT_SOURCE_DIR}/deploy/${file}\" text)
  string(REPLACE \"/usr/bin\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" text \"\${text}\")
  string(REPLACE \"/usr/libexec/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBEXECDIR}/\" text \"\${text}\")
  string(REPLACE \"/usr/share/doc/nodewatt/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATAROOTDIR}/doc/nodewatt/\" text \"\${text}\")
  file(WRITE \"\${installed}\" \"\${text}\")
  if(\"${file}\" MATCHES \"[.]sh\$\")
    file(CHMOD \"\${installed}\" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endif()")
endforeach()
